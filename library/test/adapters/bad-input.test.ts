import { createCache } from 'reprise'
import { cachedEmbeddings, cachedModel } from 'reprise/ai-sdk'
import { wrapEmbeddings } from 'reprise/embeddings'
import { langchainCache, langchainEmbeddings } from 'reprise/langchain'
import { llmCache } from 'reprise/llm'
import { logCache } from 'reprise/log'
import { cachedFetch } from 'reprise/openai'
import { redis } from 'reprise/redis'
import { retrievalCache } from 'reprise/retrieval'
import { describe, expect, it } from 'vitest'

const cache = createCache({ name: 'app' })
const llm = llmCache({ cache })
const embeddings = { embedDocuments: async () => [], embedQuery: async () => [] }

/** Bad input is what the types forbid. */
function bad(value: unknown): never {
  return value as never
}

describe('what is handed to a wrapper in place of its parts is refused by name', () => {
  const calls: readonly (readonly [string, string, () => unknown])[] = [
    ['cachedModel without a cache', 'cache', () => cachedModel(bad({ cache }))],
    ['cachedModel, a name that it lacks', 'tll', () => cachedModel(cache, bad({ tll: '1h' }))],
    ['cachedEmbeddings without a cache', 'cache', () => cachedEmbeddings(bad(undefined))],
    ['langchainCache without a cache', 'cache', () => langchainCache(bad({ cache }))],
    ['langchainEmbeddings without embeddings', 'embeddings', () => langchainEmbeddings(bad(cache), cache, bad({}))],
    [
      'langchainEmbeddings without a cache',
      'cache',
      () => langchainEmbeddings(embeddings, bad({ model: 'm' }), bad(1)),
    ],
    [
      'langchainEmbeddings without options',
      'langchainEmbeddings',
      () => bad(langchainEmbeddings(embeddings, cache, bad(undefined))),
    ],
    ['retrievalCache without a cache', 'cache', () => retrievalCache(bad({ cache }))],
    ['logCache without a cache', 'cache', () => logCache(bad(console), bad(console))],
    ['cachedFetch with a cache that knows no models', 'llm', () => cachedFetch(bad(cache))],
    ['cachedFetch, a name that it lacks', 'tenent', () => cachedFetch(llm, bad({ tenent: 'a' }))],
    ['redis without options', 'redis', () => redis(bad(undefined))],
    ['redis with a URL alone', 'redis', () => redis(bad('redis://127.0.0.1'))],
    [
      'redis, a name that it lacks',
      'commandTimeout',
      () => redis(bad({ url: 'redis://127.0.0.1', commandTimeout: 5 })),
    ],
  ]
  it.each(calls)('%s: %s', (_, field, call) => {
    expect(call).toThrow(expect.objectContaining({ name: 'RepriseError', code: 'invalid_option', field }))
  })

  it('a wrapped embedding model that is asked for no list: inputs', async () => {
    const embed = wrapEmbeddings(async (texts: string[]) => texts.map(() => [1]), { cache, model: 'm' })
    for (const inputs of ['one', undefined, { 0: 'one' }]) {
      await expect(embed(bad(inputs))).rejects.toMatchObject({ code: 'invalid_option', field: 'inputs' })
    }
  })
})
