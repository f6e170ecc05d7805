import type { Duration } from '../../base/duration.ts'
import { requireMethod } from '../../base/option-reading.ts'
import { wrapEmbeddings } from '../../caches/embedding/wrap-embeddings.ts'
import type { Cache } from '../../core/cache.ts'
import type { EmbeddingModelMiddleware } from './model-types.ts'

type EmbedOptions = Parameters<NonNullable<EmbeddingModelMiddleware['wrapEmbed']>>[0]
type EmbedResult = Awaited<ReturnType<EmbedOptions['doEmbed']>>

export interface CachedEmbeddingsOptions {
  /** How long an embedding is kept. Default 30 days. */
  readonly ttl?: Duration
}

/**
 * A middleware of the AI SDK for embedding models: of a batch the model is asked only for the values that are not cached.
 * The reported usage is that of the values that were asked for.
 * @example
 * const model = wrapEmbeddingModel({ model: openai.embedding('text-embedding-3-small'), middleware: cachedEmbeddings(cache) })
 * const { embeddings } = await embedMany({ model, values: ['hello', 'world'] })
 */
export function cachedEmbeddings(cache: Cache, { ttl }: CachedEmbeddingsOptions = {}): EmbeddingModelMiddleware {
  requireMethod(cache, 'namespace', 'cache', 'a cache of createCache')
  return {
    wrapEmbed: async ({ model, params }) => {
      const { values, abortSignal, dimensions, providerOptions } = params
      const asked: EmbedResult[] = []
      const embed = wrapEmbeddings(
        // What else changes a vector is part of the key; signal and headers are not.
        async (missing: readonly string[], _options: object) => {
          const answer = await model.doEmbed({ ...params, values: [...missing] })
          asked.push(answer)
          return answer.embeddings
        },
        {
          cache,
          model: `${model.provider}/${model.modelId}`,
          ...(dimensions === undefined ? {} : { dimensions }),
          ...(ttl === undefined ? {} : { ttl }),
        },
      )
      abortSignal?.throwIfAborted()
      const embeddings = await embed(values, providerOptions === undefined ? {} : { providerOptions })
      const last = asked.at(-1)
      return {
        ...last,
        embeddings: embeddings.map(vector => [...vector]),
        usage: { tokens: asked.reduce((sum, { usage }) => sum + (usage?.tokens ?? 0), 0) },
        warnings: asked.flatMap(({ warnings }) => warnings),
      }
    },
  }
}
