import { readControls } from 'reprise/llm'
import { describe, expect, test } from 'vitest'
import { manualClock } from '../embedded/manual-clock.ts'
import { chat, gate, openScene, textOf, until } from './scene.ts'

const cache = (mode: string) => ({ headers: { 'x-reprise-cache': mode } })

describe('D1 a call is steered by its headers', () => {
  test('bypass neither reads nor keeps', async () => {
    const { read, model } = await openScene()
    await read('chat/completions', chat('A'))
    const passed = await read('chat/completions', chat('A'), cache('bypass'))
    expect([passed.answer.state, passed.answer.reason, passed.outcome.admission]).toEqual([
      'bypass',
      'bypass',
      'bypass',
    ])
    await read('chat/completions', chat('B'), cache('bypass'))
    expect((await read('chat/completions', chat('B'))).answer.state).toBe('miss')
    expect(model.requests).toHaveLength(4)
  })

  test('bypass sends the very bytes, and passes on the very answer', async () => {
    const { read, model } = await openScene()
    const body = `{ "stream" : true, "model":"gpt-4o-mini" , "messages":[{"role":"user","content":"A"}],"n":1.0 }`
    const { text } = await read('chat/completions', body, cache('bypass'))
    expect(model.requests[0]?.text).toBe(body)
    expect(text).not.toContain('usage')
  })

  test('no-store reads but keeps nothing', async () => {
    const { read, model } = await openScene()
    for (let time = 0; time < 2; time += 1) {
      const { answer, outcome } = await read('chat/completions', chat('A'), cache('no-store'))
      expect([answer.state, answer.reason, outcome.admission]).toEqual(['miss', 'no_store', 'no_store'])
    }
    await read('chat/completions', chat('A'))
    expect((await read('chat/completions', chat('A'), cache('no-store'))).answer.state).toBe('hit')
    expect(model.requests).toHaveLength(3)
  })

  test('no-store shares what is under way', async () => {
    const held = gate()
    const { read, model } = await openScene({ model: { gate: () => held.wait() } })
    const first = read('chat/completions', chat('A'))
    await until(() => model.underWay === 1)
    const second = read('chat/completions', chat('A'), cache('no-store'))
    held.open()
    expect((await second).answer.state).toBe('coalesced')
    expect((await second).text).toBe((await first).text)
  })

  test('refresh keeps but does not read; whoever asks meanwhile gets the new answer', async () => {
    const held = gate()
    let holds = false
    const { read, model } = await openScene({ model: { gate: () => (holds ? held.wait() : undefined) } })
    const old = await read('chat/completions', chat('A'))
    holds = true
    const refreshing = read('chat/completions', chat('A'), cache('refresh'))
    await until(() => model.underWay === 1)
    const meanwhile = read('chat/completions', chat('A'))
    held.open()
    const fresh = await refreshing
    expect([fresh.answer.state, fresh.answer.reason, fresh.outcome.admission]).toEqual(['miss', 'refresh', 'kept'])
    expect(fresh.text).not.toBe(old.text)
    expect((await meanwhile).text).toBe(fresh.text)
    expect((await read('chat/completions', chat('A'))).text).toBe(fresh.text)
    expect(model.requests).toHaveLength(2)
  })

  test('only answers 504 where nothing is kept, and never asks', async () => {
    const { read, model } = await openScene()
    const { answer, text } = await read('chat/completions', chat('A'), cache('only'))
    expect([answer.status, answer.state, answer.reason]).toEqual([504, 'miss', 'only'])
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'not_cached' } })
    expect(model.requests).toHaveLength(0)
    await read('chat/completions', chat('A'))
    expect((await read('chat/completions', chat('A', { stream: true }), cache('only'))).text).toContain('[DONE]')
    expect(model.requests).toHaveLength(1)
  })

  test('D6 an answer lives as long as the cache says, or the call, up to the longest', async () => {
    const clock = manualClock()
    const { read } = await openScene({ cache: { clock }, llm: { clock, ttl: '1h', longestTtl: '2h' } })
    const lives = async (name: string, headers: Record<string, string>) => {
      await read('chat/completions', chat(name), { headers })
      const states: string[] = []
      for (const minutes of [9, 2, 50, 61]) {
        clock.advance(minutes * 60_000)
        const { answer } = await read('chat/completions', chat(name), cache('only'))
        states.push(`${answer.state} ${answer.headers['age'] ?? ''}`)
      }
      return states
    }
    expect(await lives('default', {})).toEqual(['hit 540', 'hit 660', 'miss ', 'miss '])
    expect(await lives('text', { 'x-reprise-ttl': '10m' })).toEqual(['hit 540', 'miss ', 'miss ', 'miss '])
    expect(await lives('seconds', { 'x-reprise-ttl': '600' })).toEqual(['hit 540', 'miss ', 'miss ', 'miss '])
    expect(await lives('longest', { 'x-reprise-ttl': '3h' })).toEqual(['hit 540', 'hit 660', 'hit 3660', 'miss '])
  })

  test('a namespace divides a tenant, and tenants are divided whatever their namespace', async () => {
    const { read, model } = await openScene()
    const places = ['a', 'b', 'a/b', 'a:b'].flatMap(tenant =>
      [undefined, 'x', 'x:y'].map(namespace => ({ tenant, namespace })),
    )
    const texts: string[] = []
    for (const { tenant, namespace } of places) {
      const headers = namespace === undefined ? {} : { 'x-reprise-namespace': namespace }
      texts.push((await read('chat/completions', chat('A'), { tenant, headers })).text)
      expect((await read('chat/completions', chat('A'), { tenant, headers })).text).toBe(texts.at(-1))
    }
    expect(new Set(texts).size).toBe(places.length)
    expect(model.requests).toHaveLength(places.length)
  })

  test('routes and upstreams are divided too', async () => {
    const { read, model } = await openScene()
    const body = { ...chat('A'), input: 'A', max_tokens: 50 }
    for (const route of ['chat/completions', 'responses', 'messages'] as const) {
      for (const upstream of ['one', 'two']) {
        expect((await read(route, body, { upstream })).answer.state).toBe('miss')
        expect((await read(route, body, { upstream })).answer.state).toBe('hit')
      }
    }
    expect(model.requests).toHaveLength(6)
  })

  test('a kept stream comes at once, or paced as it was recorded', async () => {
    const clock = manualClock()
    const { ask, read } = await openScene({ cache: { clock }, llm: { clock } })
    const pieces = [
      'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
      'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
      'data: [DONE]\n\n',
    ]
    const forward = async () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: (async function* () {
        for (const piece of pieces) {
          clock.advance(1_000)
          yield Buffer.from(piece)
        }
      })(),
    })
    const body = chat('A', { stream: true })
    const live = await read('chat/completions', body, { forward })
    expect((await read('chat/completions', body)).answer.body).toBeInstanceOf(Uint8Array)
    const paced = await ask('chat/completions', body, { headers: { 'x-reprise-replay': 'paced' } })
    if (paced.body instanceof Uint8Array) throw new Error('a stream was expected')
    let got = ''
    const reading = (async () => {
      for await (const piece of paced.body as AsyncIterable<Uint8Array>) got += Buffer.from(piece)
    })()
    for (const count of [1, 2, 3]) {
      await new Promise(resolve => setImmediate(resolve))
      expect(got).toBe(pieces.slice(0, count - 1).join(''))
      clock.advance(1_000)
      await until(() => got === pieces.slice(0, count).join(''))
    }
    await reading
    expect(got).toBe(live.text)
    expect(await textOf(paced)).toBe('')
  })

  test('what cannot be understood is refused, by the name of its header', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['x-reprise-cache', 'maybe'],
      ['x-reprise-ttl', '0'],
      ['x-reprise-ttl', '-5'],
      ['x-reprise-ttl', 'soon'],
      ['x-reprise-namespace', 'a b'],
      ['x-reprise-namespace', 'x'.repeat(65)],
      ['x-reprise-namespace', ''],
      ['x-reprise-replay', 'fast'],
      ['x-reprise-tags', 'x'.repeat(201)],
      ['x-reprise-tags', Array.from({ length: 33 }, (_, index) => `t${index}`).join()],
    ]
    for (const [name, value] of wrong) {
      expect(() => readControls({ [name]: value }), `${name}: ${value}`).toThrow(
        expect.objectContaining({ code: 'invalid_control', field: name, message: expect.stringContaining(name) }),
      )
    }
    expect(
      readControls({ 'x-reprise-tags': ['a, b', 'c'], 'x-reprise-documents': 'd,', 'x-reprise-ttl': '1h30m' }),
    ).toEqual({
      mode: 'default',
      ttlMs: 5_400_000,
      namespace: undefined,
      replay: 'at-once',
      tags: ['a', 'b', 'c', 'document:d'],
    })
  })
})
