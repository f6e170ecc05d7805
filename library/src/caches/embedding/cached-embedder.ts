import type { Duration } from '../../base/duration.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import type { Cache } from '../../core/cache.ts'
import type { Embedder } from '../../ports/embedder.ts'
import { EmbeddingCache } from './embedding-cache.ts'

export interface CachedEmbedderOptions {
  readonly cache: Cache
  /** How long an embedding is kept. Default 30 days. */
  readonly ttl?: Duration
}

/**
 * An embedder with a cache before it, for texts that come again, such as queries. More texts than the embedder takes in
 * one call are sent one call after the other. Closing it closes the embedder, not the cache.
 * @example const queries = cachedEmbedder(openaiEmbedder({ … }), { cache })
 */
export function cachedEmbedder(embedder: Embedder, { cache, ttl }: CachedEmbedderOptions): Embedder {
  const embeddings = new EmbeddingCache(cache, ttl)
  return {
    model: embedder.model,
    maxBatch: embedder.maxBatch,
    embed: async (texts, signal) => {
      const ask = async (missing: readonly string[], askSignal: AbortSignal) => {
        const all = []
        for (let at = 0; at < missing.length; at += embedder.maxBatch)
          all.push(...(await embedder.embed(missing.slice(at, at + embedder.maxBatch), askSignal)))
        return all.map(embedding => ({ ...embedding, asList: false, tokens: 0, answeredBy: '' }))
      }
      if (signal.aborted) throw calledOff()
      const batch = await embeddings
        .embed({ model: embedder.model, settings: '' }, texts, ask, { signal })
        .catch((error: unknown) => {
          throw signal.aborted ? calledOff() : error
        })
      return batch.embeddings.map(({ vector, truncated }) => ({ vector, truncated }))
    },
    close: () => embedder.close(),
  }
}

/** What embedders promise to throw; the cache itself throws the signal's reason. */
function calledOff(): RepriseError {
  return new RepriseError('embedding_failed', 'Embedding was called off.')
}
