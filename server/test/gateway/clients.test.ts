import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { type ModelFault, type ModelRequest, type ModelServer, startModelServer } from '../../src/demo/model-server.ts'

let faultOf: ((request: ModelRequest) => ModelFault | undefined) | undefined
let gate: ((request: ModelRequest, event: number) => Promise<void> | void) | undefined
let model: ModelServer
let reprise: RepriseServer
let openai: OpenAI
let anthropic: Anthropic
beforeAll(async () => {
  model = await startModelServer({
    faultOf: request => faultOf?.(request),
    gate: (request, event) => gate?.(request, event),
  })
  reprise = await startReprise({ UPSTREAM_BASE_URL: model.url })
  openai = new OpenAI({ apiKey: 'sk-openai', baseURL: `${reprise.url}/v1` })
  anthropic = new Anthropic({ apiKey: 'sk-anthropic', baseURL: reprise.url })
})
afterAll(async () => {
  await reprise?.stop()
  await model?.close()
})
beforeEach(() => {
  faultOf = undefined
  gate = undefined
})

let questions = 0
/** A question that nobody asked before. */
function question() {
  questions += 1
  return {
    model: 'gpt-4o-mini',
    messages: [{ role: 'user' as const, content: `Question ${questions}: why is the sky blue?` }],
  }
}

const asked = async (work: () => Promise<unknown>) => {
  const before = model.requests.length
  await work()
  return model.requests.length - before
}

async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}

const parameters = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] }
const weather = { type: 'function' as const, function: { name: 'weather', parameters } }

describe('D1 the OpenAI client, unmodified, before the gateway', () => {
  it('D1 gets the same answer again, in one piece or as a stream, and the model is asked once', async () => {
    const body = { ...question(), n: 2 }
    const times = await asked(async () => {
      const first = await openai.chat.completions.create(body)
      const { data: second, response } = await openai.chat.completions.create(body).withResponse()
      expect(second).toEqual(first)
      expect(response.headers.get('x-reprise-cache')).toBe('hit')
      const folded = await openai.chat.completions.stream(body).finalChatCompletion()
      expect(folded.choices.map(({ message }) => message.content)).toEqual(
        first.choices.map(({ message }) => message.content),
      )
    })
    expect(times).toBe(1)
  })

  it('reads a stream that was kept as it came, and as one answer', async () => {
    const body = question()
    const times = await asked(async () => {
      const live = await collect(await openai.chat.completions.create({ ...body, stream: true }))
      expect(live.length).toBeGreaterThan(3)
      expect(await collect(await openai.chat.completions.create({ ...body, stream: true }))).toEqual(live)
      const whole = await openai.chat.completions.create(body)
      expect(whole.choices[0]?.message.content).toBe(live.map(chunk => chunk.choices[0]?.delta.content ?? '').join(''))
    })
    expect(times).toBe(1)
  })

  it('calls tools, gets structured answers, and sends images', async () => {
    const times = await asked(async () => {
      const withTool = { ...question(), tools: [weather] }
      const called = await openai.chat.completions.create(withTool)
      expect(JSON.parse(toolArgumentsOf(called))).toHaveProperty('city')
      expect(await openai.chat.completions.create(withTool)).toEqual(called)

      const schema = { type: 'object', properties: { color: { type: 'string' } } }
      const format = { type: 'json_schema' as const, json_schema: { name: 'color', schema } }
      const structured = { ...question(), response_format: format }
      const parsed = await openai.chat.completions.parse(structured)
      expect(parsed.choices[0]?.message.parsed).toEqual({ color: expect.any(String) })
      expect((await openai.chat.completions.parse(structured)).id).toBe(parsed.id)

      const seen = question()
      const ofImage = (fill: string) =>
        openai.chat.completions.create({
          ...seen,
          messages: [
            {
              role: 'user',
              content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${fill.repeat(40_000)}` } }],
            },
          ],
        })
      const cat = await ofImage('A')
      expect((await ofImage('B')).id).not.toBe(cat.id)
      expect((await ofImage('A')).id).toBe(cat.id)
    })
    expect(times).toBe(4)
  })

  it('reads responses in one piece and as events', async () => {
    const body = { model: 'gpt-5-reason', input: `${question().messages[0]?.content}` }
    const times = await asked(async () => {
      const whole = await openai.responses.create(body)
      const final = await openai.responses.stream(body).finalResponse()
      expect(final).toMatchObject({ id: whole.id, output: whole.output, usage: whole.usage })
    })
    expect(times).toBe(1)
  })

  it('lists models and asks for embeddings', async () => {
    expect((await openai.models.list()).data.map(({ id }) => id)).toContain('gpt-4o-mini')
    const body = { model: 'text-embedding-3-small', input: ['a', 'b'] }
    const floats = await openai.embeddings.create({ ...body, encoding_format: 'float' })
    const decoded = await openai.embeddings.create(body)
    // As decimals the same float32 numbers are written shorter than the client's doubles are.
    const vectors = ({ data }: typeof floats) => data.map(({ embedding }) => embedding.map(Math.fround))
    expect(vectors(decoded)).toEqual(vectors(floats))
  })

  it('gets its provider’s errors unchanged, and asks again where that may help', async () => {
    const missing = openai.chat.completions.create({ ...question(), model: 'gpt-missing' })
    await expect(missing).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    let failures = 2
    faultOf = () => {
      failures -= 1
      return failures >= 0 ? { kind: 'status', status: 500 } : undefined
    }
    const body = question()
    const times = await asked(async () => {
      const first = await openai.chat.completions.create(body)
      // The retries' count is no part of the key.
      expect(await openai.chat.completions.create(body)).toEqual(first)
    })
    expect(times).toBe(3)
  })

  it('is told at once what is wrong with the server, without trying again', async () => {
    await using alone = await startReprise()
    const client = new OpenAI({ apiKey: 'sk', baseURL: `${alone.url}/v1`, maxRetries: 5 })
    const startedMs = performance.now()
    await expect(client.chat.completions.create(question())).rejects.toMatchObject({
      status: 503,
      code: 'upstream_missing',
      message: expect.stringContaining('UPSTREAM_BASE_URL'),
    })
    // Five retries would wait for longer than ten seconds.
    expect(performance.now() - startedMs).toBeLessThan(5_000)
  })

  it('gets each chunk as it comes, and callers of the same join it under way', async () => {
    const held = Promise.withResolvers<void>()
    gate = (_, event) => (event < 4 ? undefined : held.promise)
    const body = { ...question(), stream: true as const }
    const times = await asked(async () => {
      const leader = (await openai.chat.completions.create(body))[Symbol.asyncIterator]()
      // The model says no more until it is let go: only what is not held back arrives.
      expect((await leader.next()).done).toBe(false)
      const { data, response } = await openai.chat.completions.create(body).withResponse()
      expect(response.headers.get('x-reprise-cache')).toBe('coalesced')
      const follower = data[Symbol.asyncIterator]()
      expect((await follower.next()).done).toBe(false)
      held.resolve()
      const rest = await Promise.all([
        collect({ [Symbol.asyncIterator]: () => leader }),
        collect({ [Symbol.asyncIterator]: () => follower }),
      ])
      expect(rest[0]).toEqual(rest[1])
      expect(rest[0].at(-1)?.choices[0]?.finish_reason).toBe('stop')
    })
    expect(times).toBe(1)
  })

  it.each([
    ['a stream that breaks', { kind: 'break', afterEvents: 3 }, true],
    ['a body that breaks', { kind: 'break', afterEvents: 0 }, false],
    ['what is no JSON', { kind: 'garbage' }, false],
  ] as const)('is handed %s as it is, and it is never kept', async (_, fault, stream) => {
    faultOf = () => fault
    const body = question()
    const once = new OpenAI({ apiKey: 'sk-openai', baseURL: `${reprise.url}/v1`, maxRetries: 0 })
    const read = async () =>
      stream ? collect(await once.chat.completions.create({ ...body, stream })) : once.chat.completions.create(body)
    await expect(read()).rejects.toThrow()
    faultOf = undefined
    expect(await asked(read)).toBe(1)
  })

  it('leaves, and the model is left too', async () => {
    const held = Promise.withResolvers<void>()
    gate = (_, event) => (event < 3 ? undefined : held.promise)
    const before = model.leftByClient
    const stream = await openai.chat.completions.create({ ...question(), stream: true })
    for await (const _ of stream) break
    await expect.poll(() => model.leftByClient).toBe(before + 1)
    held.resolve()
  })
})

describe('D1 the Anthropic client, unmodified, before the gateway', () => {
  const body = () => {
    const { messages } = question()
    return { model: 'claude-demo', max_tokens: 400, messages }
  }

  it('gets text, thinking and tools, in one piece and as a stream', async () => {
    const thinking = { ...body(), thinking: { type: 'enabled' as const, budget_tokens: 1_024 } }
    const tools = { ...body(), tools: [{ name: 'weather', input_schema: parameters }] }
    const times = await asked(async () => {
      const live = await anthropic.messages.stream(thinking).finalMessage()
      const whole = await anthropic.messages.create(thinking)
      expect(whole.content).toEqual(live.content)
      expect(whole.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
      const called = await anthropic.messages.create(tools)
      expect(called.stop_reason).toBe('tool_use')
      expect((await anthropic.messages.stream(tools).finalMessage()).content).toEqual(called.content)
    })
    expect(times).toBe(2)
    expect(JSON.stringify(model.requests.at(-1)?.headers)).toContain('sk-anthropic')
  })

  it('gets errors in its own words', async () => {
    faultOf = () => ({ kind: 'status', status: 400 })
    await expect(anthropic.messages.create(body())).rejects.toMatchObject({ status: 400, error: { type: 'error' } })
    faultOf = undefined
    const only = anthropic.messages.create(body(), { headers: { 'x-reprise-cache': 'only' } })
    await expect(only).rejects.toMatchObject({ status: 504 })
  })
})

function toolArgumentsOf(completion: OpenAI.ChatCompletion): string {
  const call = completion.choices[0]?.message.tool_calls?.[0]
  return call?.type === 'function' ? call.function.arguments : ''
}
