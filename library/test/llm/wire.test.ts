import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Asking, chat, openScene, type Route, type Scene } from './scene.ts'

const routes = ['chat/completions', 'responses', 'messages'] as const

/** Answers with given bytes, cut at given places. */
function answering(
  text: string | Uint8Array,
  contentType: string,
  cuts: readonly number[] = [],
): Pick<Required<Asking>, 'forward'> {
  const bytes = Buffer.from(text)
  const places = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((one, other) => one - other)
  const pieces = [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
  return {
    forward: async () => ({ status: 200, headers: { 'content-type': contentType }, body: inPieces(pieces) }),
  }
}

async function* inPieces(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

const stream = 'text/event-stream; charset=utf-8'
const asked: Readonly<Record<Route, object>> = {
  'chat/completions': chat('Tell.'),
  responses: { model: 'gpt-5', input: 'Tell.' },
  messages: { model: 'claude-demo', max_tokens: 100, messages: [{ role: 'user', content: 'Tell.' }] },
}

let tenants = 0

/** What a stream is as one body, and what an answer is as a stream and back. */
async function turned(
  { read }: Scene,
  route: Route,
  given: Pick<Required<Asking>, 'forward'>,
  from: 'stream' | 'json',
) {
  tenants += 1
  const asking = { tenant: `tenant-${tenants}` }
  const first = await read(
    route,
    { ...asked[route], stream: from === 'stream', stream_options: { include_usage: true } },
    { ...asking, ...given },
  )
  expect(first.outcome.admission).toBe('kept')
  const json = await read(route, asked[route], asking)
  const events = await read(route, { ...asked[route], stream: true, stream_options: { include_usage: true } }, asking)
  expect([json.answer.state, events.answer.state]).toEqual(['hit', 'hit'])
  return { first, body: JSON.parse(json.text), json: json.text, events: events.text }
}

/** A chat stream in which all that may come comes: reasoning, tools, several choices, unknown fields, odd numbers. */
function chunk(choices: unknown[], more: object = {}): string {
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}`
}
const delta = (index: number, said: object, more: object = {}) => ({ index, delta: said, finish_reason: null, ...more })
const rich = [
  ': keep-alive',
  chunk([delta(0, { role: 'assistant', content: '' }), delta(1, { role: 'assistant', content: 'Ünï' })], {
    system_fingerprint: 'fp',
  }),
  chunk([delta(0, { reasoning_content: 'Hm, ' })]),
  chunk([delta(0, { reasoning_content: 'yes 🦉.', reasoning_details: [{ index: 0, type: 'text', text: 'a' }] })]),
  chunk([
    delta(0, {
      reasoning_details: [
        { index: 0, text: 'b' },
        { index: 1, type: 'sealed', data: 'x' },
      ],
    }),
  ]),
  chunk([delta(0, { content: 'Hel' }, { logprobs: { content: [{ token: 'Hel', logprob: -1 }] } })]),
  chunk([
    delta(1, { content: 'cödé' }),
    delta(0, { content: 'lo' }, { logprobs: { content: [{ token: 'lo', logprob: -2 }] } }),
  ]),
  chunk([delta(0, { tool_calls: [{ index: 0, id: 't0', type: 'function', function: { name: 'f', arguments: '' } }] })]),
  chunk([
    delta(0, { tool_calls: [{ index: 1, id: 't1', type: 'function', function: { name: 'g', arguments: '{"b"' } }] }),
  ]),
  chunk([
    delta(0, {
      tool_calls: [
        { index: 0, function: { arguments: '{"a":1}' } },
        { index: 1, function: { arguments: ':2}' } },
      ],
    }),
  ]),
  chunk([delta(0, { unheard_of: { deep: ['x'] } }), delta(0, { unheard_of: { deep: ['y'], more: 1 } })]),
  `${chunk([{ ...delta(0, {}), finish_reason: 'tool_calls', content_filter_results: { hate: false } }]).slice(0, -1)},"cost":0.12345678901234567890123}`,
  chunk([{ ...delta(1, {}), finish_reason: 'stop' }]),
  chunk([], { usage: { prompt_tokens: 3, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 2 } } }),
  'data: [DONE]',
]

describe('D1 streams and answers in one piece', () => {
  test('of chats lose nothing: reasoning, tools, choices, counts, fields that nobody knows, digits', async () => {
    const scene = await openScene()
    const { first, body, json, events } = await turned(
      scene,
      'chat/completions',
      answering(`${rich.join('\n\n')}\n\n`, stream),
      'stream',
    )
    expect(events).toBe(first.text)
    expect(body).toMatchObject({
      id: 'c',
      object: 'chat.completion',
      system_fingerprint: 'fp',
      usage: { prompt_tokens: 3, completion_tokens: 4 },
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'Hello',
            reasoning_content: 'Hm, yes 🦉.',
            reasoning_details: [
              { index: 0, type: 'text', text: 'ab' },
              { index: 1, type: 'sealed', data: 'x' },
            ],
            tool_calls: [
              { id: 't0', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
              { id: 't1', type: 'function', function: { name: 'g', arguments: '{"b":2}' } },
            ],
            unheard_of: { deep: ['x', 'y'], more: 1 },
          },
          logprobs: { content: [{ token: 'Hel' }, { token: 'lo' }] },
          finish_reason: 'tool_calls',
          content_filter_results: { hate: false },
        },
        { index: 1, message: { role: 'assistant', content: 'Ünïcödé' }, finish_reason: 'stop' },
      ],
    })
    expect(body.choices[0].message.tool_calls[0]).not.toHaveProperty('index')
    expect(json).toContain('"cost":0.12345678901234567890123')
    expect(first.outcome.usage).toEqual({ promptTokens: 3, completionTokens: 4, cachedPromptTokens: 2 })
  })

  test('may be cut anywhere, and their lines end in any way', async () => {
    const scene = await openScene()
    const whole = await turned(scene, 'chat/completions', answering(`${rich.join('\n\n')}\n\n`, stream), 'stream')
    const endings = fc.constantFrom('\n', '\r\n', '\r')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 60 }), endings, fc.boolean(), async (cuts, end, isClosed) => {
        const text = rich.join(`${end}${end}`) + (isClosed ? `${end}${end}` : '')
        const again = await turned(scene, 'chat/completions', answering(text, stream, cuts), 'stream')
        expect(again.body).toEqual(whole.body)
        expect(again.first.text).toBe(text)
      }),
      { numRuns: 60 },
    )
  })

  test('may be cut anywhere also where token counts are taken out', async () => {
    const { read } = await openScene()
    const text = `${rich.join('\n\n')}\n\n`
    const expected = text.replace(/data: [^\n]*"usage":\{[^\n]*\n\n/, '')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 60 }), async cuts => {
        tenants += 1
        const asking = { tenant: `tenant-${tenants}`, ...answering(text, stream, cuts) }
        const body = { ...asked['chat/completions'], stream: true }
        const [live, kept] = [
          await read('chat/completions', body, asking),
          await read('chat/completions', body, asking),
        ]
        expect([live.answer.state, kept.answer.state]).toEqual(['miss', 'hit'])
        expect(live.text).toBe(expected)
        expect(kept.text).toBe(expected)
      }),
      { numRuns: 40 },
    )
  })

  test('of a byte at a time are the same', async () => {
    const scene = await openScene()
    const text = `${rich.join('\r\n\r\n')}\r\n\r\n`
    const cuts = Array.from({ length: Buffer.byteLength(text) }, (_, index) => index)
    const whole = await turned(scene, 'chat/completions', answering(text, stream), 'stream')
    const bytes = await turned(scene, 'chat/completions', answering(text, stream, cuts), 'stream')
    expect(bytes.body).toEqual(whole.body)
  })

  test('of the model server become one another on every route, text, reasoning and tools', async () => {
    const scene = await openScene()
    const tool = { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } }
    const extras: Readonly<Record<Route, readonly object[]>> = {
      'chat/completions': [
        { n: 3, logprobs: true },
        { model: 'deepseek-r1' },
        { tools: [{ type: 'function', function: tool }] },
      ],
      responses: [{}, { model: 'gpt-4o-mini' }, { tools: [{ type: 'function', ...tool }] }],
      messages: [
        {},
        { thinking: { type: 'enabled', budget_tokens: 9 } },
        {
          tools: [
            { name: tool.name, input_schema: tool.parameters },
            { name: 'g', input_schema: tool.parameters },
          ],
        },
      ],
    }
    for (const route of routes) {
      for (const extra of extras[route]) {
        const body = { ...asked[route], ...extra }
        tenants += 1
        const asking = { tenant: `tenant-${tenants}` }
        // As one body, unfolded by the cache, folded by another cache, it is the same body again.
        const whole = await scene.read(route, body, asking)
        const unfolded = await scene.read(
          route,
          { ...body, stream: true, stream_options: { include_usage: true } },
          asking,
        )
        expect(unfolded.answer.state).toBe('hit')
        const folded = await turned(scene, route, answering(unfolded.text, stream), 'stream')
        expect(folded.body).toEqual(JSON.parse(whole.text))
      }
    }
  })

  test('of responses are unfolded to the very events that the model would have sent, but for how texts are cut', async () => {
    const { read } = await openScene()
    const body = { model: 'gpt-5-reason', input: 'Tell.' }
    await read('responses', body, { tenant: 'one' })
    const unfolded = await read('responses', { ...body, stream: true }, { tenant: 'one' })
    const live = await read('responses', { ...body, stream: true }, { tenant: 'two' })
    const typesOf = (text: string) => [...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type)
    const withoutRepeats = (types: readonly unknown[]) => types.filter((type, index) => type !== types[index - 1])
    expect(withoutRepeats(typesOf(unfolded.text))).toEqual(withoutRepeats(typesOf(live.text)))
    const numbers = [...unfolded.text.matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number))
    expect(numbers).toEqual(numbers.map((_, index) => index))
  })

  test('of Anthropic keep blocks that nobody knows, citations, and the counts of both ends', async () => {
    const scene = await openScene()
    const message = {
      id: 'm',
      type: 'message',
      role: 'assistant',
      model: 'claude-demo',
      content: [
        { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x', big: 1 } },
        { type: 'web_search_tool_result', tool_use_id: 's', content: [{ type: 'web_search_result', url: 'u' }] },
        {
          type: 'text',
          text: 'See.',
          citations: [{ type: 'char_location', cited_text: 'c' }, { type: 'page_location' }],
        },
        { type: 'redacted_thinking', data: 'zzz' },
        { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
        { type: 'brand_new', anything: { deep: [1] } },
      ],
      stop_reason: 'stop_sequence',
      stop_sequence: '###',
      container: { id: 'c' },
      usage: { input_tokens: 5, cache_read_input_tokens: 2, cache_creation_input_tokens: 1, output_tokens: 9 },
    }
    const whole = await turned(scene, 'messages', answering(JSON.stringify(message), 'application/json'), 'json')
    expect(whole.json).toBe(JSON.stringify(message))
    const again = await turned(scene, 'messages', answering(whole.events, stream), 'stream')
    expect(again.body).toEqual(message)
    expect(again.first.outcome.usage).toEqual({ promptTokens: 8, completionTokens: 9, cachedPromptTokens: 2 })
  })

  test('that hold __proto__ and other names of objects are data like any other', async () => {
    const scene = await openScene()
    const odd = '"__proto__":{"polluted":true},"constructor":"c","toString":"t"'
    const text = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"a",${odd}},"finish_reason":"stop"}],${odd}}\n\ndata: [DONE]\n\n`
    const { json } = await turned(scene, 'chat/completions', answering(text, stream), 'stream')
    expect(json.split('"__proto__":{"polluted":true}')).toHaveLength(3)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})
