import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { type Cache, createCache } from 'reprise'
import { type LlmCache, type LlmOutcome, llmCache } from 'reprise/llm'
import { cachedFetch } from 'reprise/openai'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ModelServer, type ModelServerOptions, startModelServer } from '../../../server/src/demo/model-server.ts'

interface Clients {
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  readonly model: ModelServer
  readonly llm: LlmCache
  readonly cache: Cache
  readonly outcomes: readonly LlmOutcome[]
  readonly another: (apiKey: string) => OpenAI
}

async function openClients(options: ModelServerOptions = {}): Promise<Clients> {
  const model = await startModelServer(options)
  const cache = createCache({ name: 'ai', memory: { maxEntries: 2_000 } })
  const llm = llmCache({ cache, ttl: '2h' })
  const outcomes: LlmOutcome[] = []
  llm.on('outcome', outcome => outcomes.push(outcome))
  onTestFinished(async () => {
    await llm.close()
    await cache.close()
    await model.close()
  })
  const another = (apiKey: string) => new OpenAI({ apiKey, baseURL: model.url, fetch: cachedFetch(llm) })
  const anthropic = new Anthropic({
    apiKey: 'anthropic-key',
    baseURL: model.url.replace(/\/v1$/, ''),
    fetch: cachedFetch(llm),
  })
  return { openai: another('openai-key'), anthropic, model, llm, cache, outcomes, another }
}

const question = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Why is the sky blue?' }],
} satisfies OpenAI.ChatCompletionCreateParams

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
  },
} satisfies OpenAI.ChatCompletionTool

describe('D1 the OpenAI client with cachedFetch', () => {
  test('gets the same answer again, and the model is asked once', async () => {
    const { openai, model, outcomes } = await openClients()
    const first = await openai.chat.completions.create(question)
    const { data: second, response } = await openai.chat.completions.create(question).withResponse()
    expect(second).toEqual(first)
    expect(response.headers.get('x-reprise-cache')).toBe('hit')
    expect(response.headers.get('age')).toBe('0')
    expect(model.requests).toHaveLength(1)
    expect(outcomes.map(({ state, admission, model: name }) => [state, admission, name])).toEqual([
      ['miss', 'kept', 'gpt-4o-mini'],
      ['hit', 'hit', 'gpt-4o-mini'],
    ])
  })

  test('reads a kept answer as a stream, and a kept stream as one answer', async () => {
    const { openai, model } = await openClients()
    const whole = await openai.chat.completions.create({ ...question, n: 2, logprobs: true })
    const streamed = openai.chat.completions.stream({ ...question, n: 2, logprobs: true })
    const folded = await streamed.finalChatCompletion()
    expect(folded.id).toBe(whole.id)
    expect(folded.choices.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual(
      whole.choices.map(({ message, finish_reason }) => [message.content, finish_reason]),
    )
    expect(folded.choices[1]?.logprobs?.content).toEqual(whole.choices[1]?.logprobs?.content)

    const other = { ...question, messages: [{ role: 'user' as const, content: 'And red at night?' }] }
    const live = await collect(await openai.chat.completions.create({ ...other, stream: true }))
    const again = await collect(await openai.chat.completions.create({ ...other, stream: true }))
    const inOne = await openai.chat.completions.create(other)
    expect(again).toEqual(live)
    expect(inOne.choices[0]?.message.content).toBe(live.map(chunk => chunk.choices[0]?.delta.content ?? '').join(''))
    expect(inOne.usage?.completion_tokens).toBeGreaterThan(0)
    expect(model.requests).toHaveLength(2)
  })

  test('is told the token counts of a stream when it asks for them, and only then', async () => {
    const { openai, model } = await openClients()
    const plain = await collect(await openai.chat.completions.create({ ...question, stream: true }))
    expect(plain.some(chunk => 'usage' in chunk)).toBe(false)
    const asking = { ...question, stream: true, stream_options: { include_usage: true } } as const
    const counted = await collect(await openai.chat.completions.create(asking))
    expect(counted.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number) } })
    expect(counted.slice(0, -1)).toEqual(counted.slice(0, -1).map(chunk => ({ ...chunk, usage: null })))
    expect(counted.slice(0, -1).map(({ usage, ...chunk }) => chunk)).toEqual(plain)
    expect(model.requests).toHaveLength(1)
  })

  test('calls tools, sends images and gets structured answers', async () => {
    const { openai, model } = await openClients()
    const withTools = { ...question, tools: [weather, { ...weather, function: { ...weather.function, name: 'news' } }] }
    const called = await openai.chat.completions.create(withTools)
    expect(called.choices[0]?.message.tool_calls).toHaveLength(2)
    const streamed = await openai.chat.completions.stream(withTools).finalChatCompletion()
    expect(streamed.choices[0]?.message.tool_calls).toMatchObject(called.choices[0]?.message.tool_calls ?? [])

    const withImage = (fill: string) => ({
      ...question,
      messages: [
        {
          role: 'user' as const,
          content: [
            { type: 'text' as const, text: 'What is it?' },
            { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${fill.repeat(4_000)}` } },
          ],
        },
      ],
    })
    const cat = await openai.chat.completions.create(withImage('A'))
    const dog = await openai.chat.completions.create(withImage('B'))
    expect((await openai.chat.completions.create(withImage('A'))).id).toBe(cat.id)
    expect(dog.id).not.toBe(cat.id)

    const structured = {
      ...question,
      response_format: {
        type: 'json_schema' as const,
        json_schema: { name: 'color', schema: { type: 'object', properties: { color: { type: 'string' } } } },
      },
    }
    const parsed = await openai.chat.completions.parse(structured)
    expect(parsed.choices[0]?.message.parsed).toEqual({ color: expect.any(String) })
    expect((await openai.chat.completions.parse(structured)).id).toBe(parsed.id)
    expect(model.requests).toHaveLength(4)
  })

  test('reads responses in one piece and as events, whichever way they came', async () => {
    const { openai, model } = await openClients()
    const body = {
      model: 'gpt-5-reason',
      input: 'Think of a number.',
      tools: [{ ...weather.function, type: 'function' as const, strict: false }],
    }
    const events = await collect(await openai.responses.create({ ...body, stream: true }))
    const whole = await openai.responses.create(body)
    const { response } = events.at(-1) as OpenAI.Responses.ResponseCompletedEvent
    expect(whole).toMatchObject({ ...response, output_text: '' })
    expect(whole.output.map(({ type }) => type)).toEqual(['reasoning', 'function_call'])
    expect(model.requests).toHaveLength(1)

    const text = await openai.responses.create({ model: 'gpt-5-reason', input: 'Say it.' })
    const unfolded = openai.responses.stream({ model: 'gpt-5-reason', input: 'Say it.' })
    const deltas: string[] = []
    unfolded.on('response.output_text.delta', ({ delta }) => deltas.push(delta))
    const final = await unfolded.finalResponse()
    expect(deltas.join('')).toBe(text.output_text)
    expect(final).toMatchObject({ id: text.id, output: text.output, usage: text.usage })
    expect(model.requests).toHaveLength(2)
  })

  test('passes on what is no answer of a language model, and what the provider keeps', async () => {
    const { openai, model } = await openClients()
    expect((await openai.models.list()).data.length).toBeGreaterThan(0)
    await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'a' })
    await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'a' })
    const follow = { model: 'gpt-4o-mini', input: 'On.', previous_response_id: 'resp_1' }
    await openai.responses.create(follow)
    const { response } = await openai.responses.create(follow).withResponse()
    expect(response.headers.get('x-reprise-cache')).toBe('bypass')
    expect(response.headers.get('x-reprise-reason')).toBe('stateful')
    expect(model.requests).toHaveLength(4)
  })

  test('asks again after errors, and its counting of retries never reaches the key', async () => {
    let failures = 2
    const { openai, model, outcomes } = await openClients({
      faultOf: () => {
        failures -= 1
        return failures >= 0 ? { kind: 'status', status: failures === 1 ? 500 : 429 } : undefined
      },
    })
    const first = await openai.chat.completions.create(question)
    expect(model.requests.map(({ headers }) => headers['x-stainless-retry-count'])).toEqual(['0', '1', '2'])
    const again = await openai.chat.completions.create(question, { headers: { 'x-stainless-retry-count': '7' } })
    expect(again.id).toBe(first.id)
    expect(model.requests).toHaveLength(3)
    expect(outcomes.map(({ admission }) => admission)).toEqual(['status', 'status', 'kept', 'hit'])
  })

  test('gets the errors of its provider unchanged', async () => {
    const { openai, model } = await openClients()
    for (let time = 0; time < 2; time += 1) {
      const refused = openai.chat.completions.create({ ...question, model: 'gpt-missing' })
      await expect(refused).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    }
    expect(model.requests).toHaveLength(2)
  })

  test('steers by headers, which are not sent on', async () => {
    const { openai, model } = await openClients()
    const steered = (mode: string) => openai.chat.completions.create(question, { headers: { 'x-reprise-cache': mode } })
    await expect(steered('only')).rejects.toMatchObject({ status: 504, code: 'not_cached' })
    await expect(steered('sometimes')).rejects.toMatchObject({ status: 400, code: 'invalid_control' })
    expect(model.requests).toHaveLength(0)
    const first = await steered('default')
    expect((await steered('only')).id).toBe(first.id)
    const fresh = await steered('refresh')
    expect(fresh.id).not.toBe(first.id)
    expect((await steered('default')).id).toBe(fresh.id)
    expect((await steered('bypass')).id).not.toBe(fresh.id)
    expect(model.requests).toHaveLength(3)
    expect(model.requests.flatMap(({ headers }) => Object.keys(headers)).filter(name => /reprise/.test(name))).toEqual(
      [],
    )
  })

  test('shares nothing with another key', async () => {
    const { openai, another, model } = await openClients()
    const first = await openai.chat.completions.create(question)
    const second = await another('other-key').chat.completions.create(question)
    expect(second.id).not.toBe(first.id)
    expect(model.requests).toHaveLength(2)
  })

  test('leaves a stream, and the model is left too', async () => {
    const held = Promise.withResolvers<void>()
    const { openai, model, outcomes } = await openClients({
      gate: (_, event) => (event < 3 ? undefined : held.promise),
    })
    const stream = await openai.chat.completions.create({ ...question, stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    await expect.poll(() => model.leftByClient).toBe(1)
    held.resolve()
    expect(outcomes.map(({ admission }) => admission)).toEqual(['cancelled'])
  })
})

describe('D1 the Anthropic client with cachedFetch', () => {
  const body = {
    model: 'claude-demo',
    max_tokens: 400,
    messages: [{ role: 'user' as const, content: 'Name a river.' }],
  }

  test('gets text, thinking and tools from the cache, in one piece and as a stream', async () => {
    const { anthropic, model } = await openClients()
    const thinking = { ...body, thinking: { type: 'enabled' as const, budget_tokens: 1_024 } }
    const live = await anthropic.messages.stream(thinking).finalMessage()
    const whole = await anthropic.messages.create(thinking)
    expect(whole.content).toEqual(live.content)
    expect(whole.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
    expect(whole.usage).toEqual(live.usage)
    expect(model.requests).toHaveLength(1)

    const tools = [{ name: 'weather', input_schema: weather.function.parameters }]
    const called = await anthropic.messages.create({ ...body, tools })
    const unfolded = await anthropic.messages.stream({ ...body, tools }).finalMessage()
    expect(called.stop_reason).toBe('tool_use')
    expect(unfolded.content).toEqual(called.content)
    expect(unfolded.id).toBe(called.id)
    expect(model.requests).toHaveLength(2)
  })

  test('keeps answers under other beta features apart', async () => {
    const { anthropic, model } = await openClients()
    const first = await anthropic.messages.create(body)
    const other = await anthropic.messages.create(body, { headers: { 'anthropic-beta': 'context-1m' } })
    expect(other.id).not.toBe(first.id)
    expect((await anthropic.messages.create(body)).id).toBe(first.id)
    expect(model.requests).toHaveLength(2)
  })

  test('is refused in its own words where nothing is kept', async () => {
    const { anthropic, model } = await openClients()
    const refused = anthropic.messages.create(body, { headers: { 'x-reprise-cache': 'only' } })
    await expect(refused).rejects.toMatchObject({ status: 504, error: { error: { type: 'not_cached' } } })
    expect(model.requests).toHaveLength(0)
  })
})

async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}
