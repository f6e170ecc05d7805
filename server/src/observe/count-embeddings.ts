import type { Announcer } from 'reprise'
import type { PrometheusMetrics } from 'reprise/prometheus'
import type { EmbeddingEvents } from '../workers/embedding-events.ts'

/** Counts what the embedding worker announces. */
export function countEmbeddings(
  embeddings: Announcer<EmbeddingEvents>,
  metrics: Pick<PrometheusMetrics, 'recordEmbedding'>,
): void {
  embeddings.on('embedding_stored', () => metrics.recordEmbedding('stored'))
  embeddings.on('embedding_failed', () => metrics.recordEmbedding('failed'))
  embeddings.on('embedding_buried', () => metrics.recordEmbedding('dead'))
}
