import type { Registry } from 'prom-client'
import type { ConversationEvents } from '../../conversation/conversation-events.ts'
import { labelChildren } from './label-children.ts'
import { metricFamilies } from './metric-families.ts'
import { registerCounter, registerGauge, registerHistogram } from './register.ts'

type CacheOperation = ConversationEvents['copy_operation']

const resultsOf = {
  get: ['hit', 'miss', 'error'],
  set: ['success', 'error'],
  delete: ['success', 'error'],
} as const satisfies Readonly<Record<CacheOperation['operation'], readonly CacheOperation['result'][]>>

/** Cache operations, their time and the hit rate, computed when it is asked for. */
export function cacheMetrics(registry: Registry): (operation: CacheOperation) => void {
  const operations = registerCounter(registry, metricFamilies.cacheOperations)
  const seconds = registerHistogram(registry, metricFamilies.cacheOperationSeconds)
  const counterOf = labelChildren((operation, result) => operations.labels(operation, result))
  const histogramOf = labelChildren(operation => seconds.labels(operation))
  let hits = 0
  let misses = 0

  // From the start at 0, so that the first of its kind is seen as a rise.
  for (const [operation, results] of Object.entries(resultsOf))
    for (const result of results) counterOf(operation, result).inc(0)
  registerGauge(registry, metricFamilies.cacheHitRate, gauge => {
    gauge.set(hits + misses === 0 ? 0 : (hits / (hits + misses)) * 100)
  })

  return ({ operation, result, durationMs }) => {
    counterOf(operation, result).inc()
    histogramOf(operation).observe(durationMs / 1000)
    if (result === 'hit') hits += 1
    else if (result === 'miss') misses += 1
  }
}
