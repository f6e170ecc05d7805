import type { Registry } from 'prom-client'
import { metricFamilies } from './metric-families.ts'
import { registerCounter } from './register.ts'

const results = ['stored', 'failed', 'dead'] as const
export type EmbeddingResult = (typeof results)[number]

/** What became of messages' embeddings. */
export function embeddingMetrics(registry: Registry): (result: EmbeddingResult) => void {
  const embeddings = registerCounter(registry, metricFamilies.embeddings)
  for (const result of results) embeddings.inc({ result }, 0)
  return result => embeddings.inc({ result })
}
