import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { createCache } from 'reprise'
import { langchainCache, langchainEmbeddings } from 'reprise/langchain'
import { redis } from 'reprise/redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ModelServerOptions, startModelServer } from '../../../server/src/demo/model-server.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'

async function open(options: ModelServerOptions = {}) {
  const server = await startModelServer(options)
  const cache = createCache({ name: 'ai', memory: { maxEntries: 2_000 } })
  onTestFinished(async () => {
    await cache.close()
    await server.close()
  })
  const chat = (fields: object = {}) =>
    new ChatOpenAI({
      model: 'gpt-4o-mini',
      apiKey: 'key',
      maxRetries: 0,
      configuration: { baseURL: server.url },
      cache: langchainCache(cache),
      ...fields,
    })
  return { server, cache, chat }
}

describe('D1 LangChain.js', () => {
  test('gets the same message again, and the model is asked once', async () => {
    const { server, chat } = await open()
    const first = await chat().invoke('Why is the sky blue?')
    const second = await chat().invoke('Why is the sky blue?')
    expect(second.text).toBe(first.text)
    expect(second.getType()).toBe('ai')
    expect(server.requests).toHaveLength(1)
    await chat({ temperature: 0.3 }).invoke('Why is the sky blue?')
    await chat().invoke('Why is grass green?')
    expect(server.requests).toHaveLength(3)
  })

  test('tool calls come back', async () => {
    const { server, chat } = await open()
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
    const model = chat().bindTools([{ type: 'function', function: { name: 'weather', parameters } }])
    const [first, second] = [await model.invoke('Weather in Oslo?'), await model.invoke('Weather in Oslo?')]
    expect(first.tool_calls).toHaveLength(1)
    expect(second.tool_calls).toEqual(first.tool_calls)
    expect(server.requests).toHaveLength(1)
  })

  test('an answer that was cut off is not kept', async () => {
    const { server, chat } = await open({ faultOf: () => ({ kind: 'finish', finish: 'length' }) })
    await chat().invoke('Why?')
    await chat().invoke('Why?')
    expect(server.requests).toHaveLength(2)
  })

  test('tenants share nothing, and tags take answers along', async () => {
    const { server, cache, chat } = await open()
    await chat({ cache: langchainCache(cache, { tenant: 'a', tags: ['t'] }) }).invoke('Why?')
    await chat({ cache: langchainCache(cache, { tenant: 'b' }) }).invoke('Why?')
    expect(server.requests).toHaveLength(2)
    await cache.namespace('langchain').invalidateTags(['t'])
    await chat({ cache: langchainCache(cache, { tenant: 'a' }) }).invoke('Why?')
    await chat({ cache: langchainCache(cache, { tenant: 'b' }) }).invoke('Why?')
    expect(server.requests).toHaveLength(3)
  })

  test('another process is answered from Redis', async () => {
    await using shared = await startRedis()
    const { server, chat } = await open()
    const caches = [1, 2].map(() => createCache({ name: 'ai', redis: redis({ url: shared.url }) }))
    const texts = []
    for (const cache of caches) texts.push((await chat({ cache: langchainCache(cache) }).invoke('Why?')).text)
    expect(texts[0]).toBe(texts[1])
    expect(server.requests).toHaveLength(1)
    await Promise.all(caches.map(cache => cache.close()))
  })

  test('embeddings: of a batch the model is asked only for what is missing', async () => {
    const { server, cache } = await open()
    const embeddings = langchainEmbeddings(
      new OpenAIEmbeddings({
        model: 'text-embedding-3-small',
        apiKey: 'key',
        configuration: { baseURL: server.url },
      }),
      cache,
      { model: 'text-embedding-3-small' },
    )
    const [hello] = await embeddings.embedDocuments(['hello'])
    const all = await embeddings.embedDocuments(['world', 'hello'])
    expect(all[1]).toEqual(hello)
    expect(server.requests.map(({ text }) => JSON.parse(text).input)).toEqual([['hello'], ['world']])
    expect(await embeddings.embedQuery('hello')).toHaveLength(hello?.length ?? 0)
    await embeddings.embedQuery('hello')
    expect(server.requests).toHaveLength(3)
  })
})
