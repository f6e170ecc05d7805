import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  embed,
  embedMany,
  generateText,
  jsonSchema,
  Output,
  streamText,
  type ToolSet,
  tool,
  wrapEmbeddingModel,
  wrapLanguageModel,
} from 'ai'
import { createCache } from 'reprise'
import { cachedEmbeddings, cachedModel } from 'reprise/ai-sdk'
import { redis } from 'reprise/redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ModelServerOptions, startModelServer } from '../../../server/src/demo/model-server.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'

async function open(options: ModelServerOptions = {}, cached: Parameters<typeof cachedModel>[1] = {}) {
  const server = await startModelServer(options)
  const cache = createCache({ name: 'ai', memory: { maxEntries: 2_000 } })
  onTestFinished(async () => {
    await cache.close()
    await server.close()
  })
  const openai = createOpenAI({ baseURL: server.url, apiKey: 'key' })
  const compatible = createOpenAICompatible({ name: 'local', baseURL: server.url, apiKey: 'key' })
  const wrap = (model: Parameters<typeof wrapLanguageModel>[0]['model']) =>
    wrapLanguageModel({ model, middleware: cachedModel(cache, cached) })
  return { server, cache, openai, compatible, wrap }
}

const prompt = 'Why is the sky blue?'

describe('D1 the AI SDK', () => {
  test.each([
    ['openai() by responses', 'responses'],
    ['openai.chat()', 'chat'],
    ['openai-compatible', 'compatible'],
  ] as const)('gets the same text again from %s, and the model is asked once', async (_, way) => {
    const { server, openai, compatible, wrap } = await open()
    const model = wrap(
      way === 'responses'
        ? openai('gpt-4o-mini')
        : way === 'chat'
          ? openai.chat('gpt-4o-mini')
          : compatible('gpt-4o-mini'),
    )
    const first = await generateText({ model, prompt })
    const second = await generateText({ model, prompt })
    expect(first.text.length).toBeGreaterThan(10)
    expect(second.text).toBe(first.text)
    expect(second.usage).toEqual(first.usage)
    expect(second.finishReason).toBe('stop')
    expect(server.requests).toHaveLength(1)
    await generateText({ model, prompt, temperature: 0.1 })
    expect(server.requests).toHaveLength(2)
  })

  test('streams are replayed as streams, part by part', async () => {
    const { server, openai, wrap } = await open()
    const model = wrap(openai.chat('gpt-4o-mini'))
    const read = async () => {
      const { fullStream } = streamText({ model, prompt })
      const parts = []
      for await (const part of fullStream) if (part.type === 'text-delta') parts.push(part.text)
      return parts
    }
    const first = await read()
    expect(first.length).toBeGreaterThan(3)
    await expect.poll(async () => [await read(), server.requests.length]).toEqual([first, 1])
  })

  test('a kept stream answers generateText, and a kept text answers streamText', async () => {
    const { server, openai, wrap } = await open()
    const model = wrap(openai.chat('gpt-4o-mini'))
    const streamed = await streamText({ model, prompt }).text
    expect((await generateText({ model, prompt })).text).toBe(streamed)
    const whole = await generateText({ model, prompt: 'Another question' })
    expect(await streamText({ model, prompt: 'Another question' }).text).toBe(whole.text)
    expect(server.requests).toHaveLength(2)
  })

  test('calls at once share one call of the model, streams from the first part on', async () => {
    let letGo = () => {}
    const held = new Promise<void>(resolve => {
      letGo = resolve
    })
    const { server, openai, wrap } = await open({ gate: (_, event) => (event === 3 ? held : undefined) })
    const model = wrap(openai.chat('gpt-4o-mini'))
    const first = streamText({ model, prompt })
    const reader = first.textStream[Symbol.asyncIterator]()
    await reader.next()
    const others = Array.from({ length: 20 }, () => streamText({ model, prompt }))
    const begun = await Promise.all(others.map(other => other.textStream[Symbol.asyncIterator]().next()))
    expect(begun.every(({ done }) => done === false)).toBe(true)
    letGo()
    const texts = await Promise.all(others.map(other => other.text))
    expect(new Set(texts).size).toBe(1)
    expect(server.requests).toHaveLength(1)
  })

  test('whoever leaves takes nobody along; when all have left the model is left too', async () => {
    const held = new Promise<void>(() => {})
    const { server, openai, wrap } = await open({ gate: (_, event) => (event === 2 ? held : undefined) })
    const model = wrap(openai.chat('gpt-4o-mini'))
    const leaving = [new AbortController(), new AbortController()] as const
    for (const { signal } of leaving) {
      const { textStream } = streamText({ model, prompt, abortSignal: signal, onError: () => {} })
      await textStream[Symbol.asyncIterator]().next()
    }
    leaving[0].abort()
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(server.leftByClient).toBe(0)
    leaving[1].abort()
    await expect.poll(() => server.leftByClient).toBe(1)
  })

  test('tool calls and structured output come back as they were', async () => {
    const { server, openai, wrap } = await open()
    const model = wrap(openai.chat('gpt-4o-mini'))
    // The SDK's own types do not hold under exactOptionalPropertyTypes.
    const tools = {
      weather: tool({
        inputSchema: jsonSchema<{ city: string }>({
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city'],
        }),
      }),
    } as unknown as ToolSet
    const ask = () => generateText({ model, prompt: 'What is the weather in Oslo?', tools })
    const [first, second] = [await ask(), await ask()]
    expect(first.toolCalls).toHaveLength(1)
    expect(second.toolCalls).toEqual(first.toolCalls)
    const schema = jsonSchema<{ colour: string }>({
      type: 'object',
      properties: { colour: { type: 'string' } },
      required: ['colour'],
      additionalProperties: false,
    })
    const structured = () => generateText({ model, prompt, output: Output.object({ schema }) })
    const [one, two] = [await structured(), await structured()]
    expect(two.output).toEqual(one.output)
    expect(server.requests).toHaveLength(2)
  })

  test('cut off and broken answers are passed on, and never kept', async () => {
    for (const fault of [
      { kind: 'finish', finish: 'length' },
      { kind: 'break', afterEvents: 2 },
      { kind: 'status', status: 400 },
    ] as const) {
      let asked = 0
      const { openai, wrap } = await open({
        faultOf: () => {
          asked += 1
          return asked === 1 ? fault : undefined
        },
      })
      const model = wrap(openai.chat('gpt-4o-mini'))
      const { text } = streamText({ model, prompt, maxRetries: 0, onError: () => {} })
      await Promise.resolve(text).catch(() => '')
      await generateText({ model, prompt })
      expect([fault.kind, asked]).toEqual([fault.kind, 2])
    }
  })

  test('tenants share nothing; sampled: false keeps those of temperature 0 alone', async () => {
    const { server, cache, openai } = await open()
    const as = (tenant: string, sampled = true) =>
      wrapLanguageModel({ model: openai.chat('gpt-4o-mini'), middleware: cachedModel(cache, { tenant, sampled }) })
    await generateText({ model: as('a'), prompt })
    await generateText({ model: as('b'), prompt })
    expect(server.requests).toHaveLength(2)
    const model = as('c', false)
    for (const temperature of [1, 1, 0, 0]) await generateText({ model, prompt, temperature })
    expect(server.requests).toHaveLength(5)
  })

  test('an invalidated answer is made anew, and one that was under way is not kept', async () => {
    let letGo = () => {}
    const held = new Promise<void>(resolve => {
      letGo = resolve
    })
    const { server, cache, openai, wrap } = await open({ gate: (_, event) => (event === 3 ? held : undefined) })
    const model = wrap(openai.chat('gpt-4o-mini'))
    const first = streamText({ model, prompt })
    await first.textStream[Symbol.asyncIterator]().next()
    await cache.namespace('models').clear()
    letGo()
    await first.text
    await generateText({ model, prompt })
    expect(server.requests).toHaveLength(2)
    await cache.namespace('models').invalidateTags(['model:gpt-4o-mini'])
    await generateText({ model, prompt })
    expect(server.requests).toHaveLength(3)
  })

  test('another process replays from Redis', async () => {
    await using shared = await startRedis()
    const server = await startModelServer({})
    const caches = [1, 2].map(() => createCache({ name: 'ai', redis: redis({ url: shared.url }) }))
    const texts = []
    for (const cache of caches) {
      const model = wrapLanguageModel({
        model: createOpenAI({ baseURL: server.url, apiKey: 'key' }).chat('gpt-4o-mini'),
        middleware: cachedModel(cache),
      })
      const { text, finishReason } = streamText({ model, prompt })
      texts.push(await text, await finishReason)
    }
    expect(texts[0]).toBe(texts[2])
    expect(server.requests).toHaveLength(1)
    await Promise.all(caches.map(cache => cache.close()))
    await server.close()
  })

  test('embeddings: of a batch the model is asked only for what is missing', async () => {
    const { server, cache, openai } = await open()
    const model = wrapEmbeddingModel({
      model: openai.embedding('text-embedding-3-small'),
      middleware: cachedEmbeddings(cache),
    })
    const { embedding } = await embed({ model, value: 'hello' })
    const { embeddings, usage } = await embedMany({ model, values: ['world', 'hello', 'world'] })
    expect(embeddings[1]).toEqual(embedding)
    expect(embeddings[0]).toEqual(embeddings[2])
    expect(server.requests.map(({ text }) => JSON.parse(text).input)).toEqual([['hello'], ['world']])
    expect(usage.tokens).toBeGreaterThan(0)
  })
})
