import { describe, expect, test } from 'vitest'
import type { ModelFault } from '../../../server/src/demo/model-server.ts'
import { chat, openScene, type Route } from './scene.ts'

const tools = [
  { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } } },
]
const bodies: Readonly<Record<Route, object>> = {
  'chat/completions': chat('Hello.', { tools }),
  responses: {
    model: 'gpt-4o-mini',
    input: 'Hello.',
    tools: tools.map(({ function: f }) => ({ type: 'function', ...f })),
  },
  messages: {
    model: 'claude-demo',
    max_tokens: 200,
    messages: [{ role: 'user', content: 'Hello.' }],
    tools: tools.map(({ function: { name, parameters } }) => ({ name, input_schema: parameters })),
  },
}
const routes = ['chat/completions', 'responses', 'messages'] as const

const refusals: readonly (readonly [ModelFault, string])[] = [
  [{ kind: 'status', status: 500 }, 'status'],
  [{ kind: 'status', status: 401 }, 'status'],
  [{ kind: 'finish', finish: 'length' }, 'unfinished'],
  [{ kind: 'finish', finish: 'content_filter' }, 'content_filter'],
  [{ kind: 'garbage' }, 'unreadable'],
]

describe('D1 what is kept', () => {
  test.each(routes)('%s: answers that say all, with tools and without', async route => {
    for (const stream of [false, true]) {
      const { read, model } = await openScene()
      const { tools: _, ...plain } = bodies[route] as { tools: unknown }
      for (const body of [bodies[route], plain]) {
        expect((await read(route, { ...body, stream })).outcome.admission).toBe('kept')
        expect((await read(route, { ...body, stream })).answer.state).toBe('hit')
      }
      expect(model.requests).toHaveLength(2)
    }
  })

  test.each(routes)('%s: never what ended for another reason, failed, or cannot be read', async route => {
    for (const [fault, admission] of refusals) {
      for (const stream of [false, true]) {
        const { read, model } = await openScene({ model: { faultOf: () => fault } })
        for (let time = 0; time < 2; time += 1) {
          const { answer, outcome } = await read(route, { ...bodies[route], stream })
          expect(outcome.admission, `${fault.kind} ${stream}`).toBe(admission)
          expect(answer.state).toBe('miss')
          // Of what comes in one piece it is known before it is handed over.
          const isWhole = answer.body instanceof Uint8Array
          expect(answer.headers['x-reprise-reason']).toBe(isWhole ? admission : 'absent')
        }
        expect(model.requests).toHaveLength(2)
      }
    }
  })

  test('never a tool call whose arguments are no JSON', async () => {
    for (const route of ['chat/completions', 'responses'] as const) {
      for (const stream of [false, true]) {
        const { read, model } = await openScene({ model: { faultOf: () => ({ kind: 'cut_tool_json' }) } })
        const { outcome } = await read(route, { ...bodies[route], stream })
        expect(outcome.admission, `${route} ${stream}`).toBe('invalid_tool_json')
        await read(route, { ...bodies[route], stream })
        expect(model.requests).toHaveLength(2)
      }
    }
    const events = [
      { type: 'message_start', message: { type: 'message', content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'a', name: 'f', input: {} } },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"a":' } },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' } },
      { type: 'message_stop' },
    ]
    const { read } = await openScene()
    const body = Buffer.from(events.map(event => `data: ${JSON.stringify(event)}\n\n`).join(''))
    const forward = async () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body: once(body) })
    const { outcome } = await read('messages', { ...bodies['messages'], stream: true }, { forward })
    expect(outcome.admission).toBe('invalid_tool_json')
  })

  test('never a stream that ends early, whether its connection breaks or not', async () => {
    for (const route of routes) {
      const { read, forward, model } = await openScene()
      const cut: typeof forward = asked => async (signal, body) => {
        const whole = await forward(asked)(signal, body)
        return { ...whole, body: allButLast(whole.body) }
      }
      const body = { ...bodies[route], stream: true }
      expect((await read(route, body, { forward: cut(route) })).outcome.admission, route).toBe('broken')
      expect((await read(route, body)).outcome.admission).toBe('kept')
      expect(model.requests).toHaveLength(2)
    }
  })

  test('never what is longer than is kept; it is passed on whole', async () => {
    const { read, model } = await openScene({ llm: { maxAnswerBytes: 200 } })
    for (const stream of [false, true]) {
      const { text, outcome } = await read('chat/completions', chat('Long.', { stream }))
      expect(outcome.admission).toBe('too_large')
      expect(text.length).toBeGreaterThan(200)
      expect(stream ? text.includes('[DONE]') : JSON.parse(text)).toBeTruthy()
    }
    expect(model.requests).toHaveLength(2)
  })

  test('D1 CACHE_SAMPLED=false: only what is not drawn at random; the rest is not shared either', async () => {
    const { read, model } = await openScene({ llm: { sampled: false } })
    for (const more of [{}, { temperature: 1 }, { temperature: 0.2 }]) {
      const both = await Promise.all([1, 2].map(() => read('chat/completions', chat('Draw.', more))))
      for (const { answer } of both) expect([answer.state, answer.reason]).toEqual(['bypass', 'sampled'])
    }
    expect(model.requests).toHaveLength(6)
    for (const text of ['{"temperature":0', '{"temperature":0.0']) {
      const body = JSON.stringify(chat('Draw.')).replace('{', `${text},`)
      expect((await read('chat/completions', body)).outcome.admission).toBe('kept')
      expect((await read('chat/completions', body)).answer.state).toBe('hit')
    }
  })

  test('never what depends on, or changes, what the provider stores', async () => {
    const { read, model } = await openScene()
    const stateful = [{ previous_response_id: 'r' }, { conversation: 'c' }, { background: true }, { store: true }]
    for (const more of stateful) {
      for (let time = 0; time < 2; time += 1) {
        const { answer, outcome } = await read('responses', { ...bodies['responses'], ...more })
        expect([answer.state, answer.reason, outcome.admission]).toEqual(['bypass', 'stateful', 'bypass'])
        expect(outcome.usage?.promptTokens).toBeGreaterThan(0)
      }
    }
    expect(model.requests).toHaveLength(8)
    const stateless = { previous_response_id: null, background: false, store: false }
    await read('responses', { ...bodies['responses'], ...stateless })
    expect((await read('responses', { ...bodies['responses'], ...stateless })).answer.state).toBe('hit')
  })

  test('also of upstreams that refuse to be asked for token counts', async () => {
    const { read, model, outcomes } = await openScene({
      model: { faultOf: ({ body }) => ('stream_options' in body ? { kind: 'status', status: 422 } : undefined) },
    })
    for (const text of ['A', 'B']) {
      const { answer } = await read('chat/completions', chat(text, { stream: true }))
      expect(answer.status).toBe(200)
    }
    expect(outcomes.map(({ admission }) => admission)).toEqual(['kept', 'kept'])
    // The first call found out, the second knew.
    expect(model.requests.map(({ body }) => 'stream_options' in body)).toEqual([true, false, false])
    const refused = await read('chat/completions', chat('C', { stream: true, stream_options: { include_usage: true } }))
    expect(refused.answer.status).toBe(422)
  })

  test('never a body that is no JSON; the upstream refuses it', async () => {
    const { read, model } = await openScene()
    const { answer } = await read('chat/completions', '{"model": oops')
    expect([answer.status, answer.state, answer.reason]).toEqual([400, 'bypass', 'unreadable'])
    expect(model.requests).toHaveLength(0)
  })
})

async function* once(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  yield piece
}

async function* allButLast(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  const text = Buffer.concat(all).toString().trimEnd()
  yield Buffer.from(text.slice(0, text.lastIndexOf('\n\n') + 2))
}
