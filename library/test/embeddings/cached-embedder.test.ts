import { createCache, type Embedder } from 'reprise'
import { hashEmbedder } from 'reprise/embedders'
import { cachedEmbedder } from 'reprise/embeddings'
import { embedderSuite } from 'reprise/testing'
import { afterAll, describe, expect, test } from 'vitest'

const cache = createCache({ name: 'cached-embedder' })
afterAll(() => cache.close())

describe('an embedder with a cache before it', () => {
  for (const { name, run } of embedderSuite(async () => cachedEmbedder(hashEmbedder(), { cache }))) test(name, run)

  test('asks for a text once, for many in parts, and keeps what was truncated', async () => {
    const asked: (readonly string[])[] = []
    const embedder: Embedder = {
      model: 'counted',
      maxBatch: 2,
      embed: async texts => {
        asked.push(texts)
        return texts.map(text => ({ vector: Float32Array.of(text.length, 1), truncated: text.length > 3 }))
      },
      close: async () => {},
    }
    const cached = cachedEmbedder(embedder, { cache })
    const texts = ['a', 'long text', 'bb', 'a']
    const first = await cached.embed(texts, AbortSignal.timeout(10_000))
    expect(asked).toEqual([['a', 'long text'], ['bb']])
    expect(first.map(({ truncated }) => truncated)).toEqual([false, true, false, false])
    expect(await cached.embed(texts, AbortSignal.timeout(10_000))).toEqual(first)
    expect(asked).toHaveLength(2)
  })
})
