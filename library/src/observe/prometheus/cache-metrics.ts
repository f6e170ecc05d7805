import type { Registry } from 'prom-client'
import { metricFamilies } from './metric-families.ts'
import { registerGauge } from './register.ts'
import { registerTallies, registerTimes, type Tally, type Times } from './tally.ts'

const resultsOf = {
  get: ['hit', 'miss', 'error'],
  set: ['success', 'error'],
  delete: ['success', 'error'],
  invalidate_pattern: ['success', 'error'],
} as const

export type CacheOperation = keyof typeof resultsOf
export type CacheResult = (typeof resultsOf)[CacheOperation][number]

/** Records `count` operations of a kind that had the same result, in a time for each. */
export type RecordCacheOperation = (
  operation: CacheOperation,
  result: CacheResult,
  durationMs: number,
  count?: number,
) => void

interface Recorded {
  readonly tallies: Readonly<Record<CacheResult, Tally>>
  readonly times: Times
}

/** Cache operations of all caches, their time and the hit rate, computed when it is asked for. */
export function cacheMetrics(registry: Registry): RecordCacheOperation {
  const tallyOf = registerTallies(registry, metricFamilies.cacheOperations)
  const timesOf = registerTimes(registry, metricFamilies.cacheOperationSeconds)
  const recordedOf = (operation: CacheOperation): Recorded => {
    // From the start at 0, so that the first of its kind is seen as a rise.
    const own: readonly CacheResult[] = resultsOf[operation]
    const tally = (result: CacheResult) => (own.includes(result) ? tallyOf(operation, result) : { value: 0 })
    const tallies = { hit: tally('hit'), miss: tally('miss'), success: tally('success'), error: tally('error') }
    return { tallies, times: timesOf(operation) }
  }
  const recorded = {
    get: recordedOf('get'),
    set: recordedOf('set'),
    delete: recordedOf('delete'),
    invalidate_pattern: recordedOf('invalidate_pattern'),
  }
  const { hit, miss } = recorded.get.tallies
  registerGauge(registry, metricFamilies.cacheHitRate, gauge => {
    const reads = hit.value + miss.value
    gauge.set(reads === 0 ? 0 : (hit.value / reads) * 100)
  })

  return (operation, result, durationMs, count = 1) => {
    const { tallies, times } = recorded[operation]
    tallies[result].value += count
    for (let index = 0; index < count; index += 1) times.observe(durationMs / 1000)
  }
}
