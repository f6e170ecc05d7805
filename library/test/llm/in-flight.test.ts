import { describe, expect, test } from 'vitest'
import { chat, forwardTo, gate, openScene, type Route, TestSink, textOf, until } from './scene.ts'

const anthropic = { model: 'claude-demo', max_tokens: 200, messages: [{ role: 'user', content: 'Hello.' }] }
const asked: readonly (readonly [Route, object])[] = [
  ['chat/completions', chat('Hello.')],
  ['responses', { model: 'gpt-5-reason', input: 'Hello.' }],
  ['messages', { ...anthropic, thinking: { type: 'enabled', budget_tokens: 1_024 } }],
]

describe('D1 the same call under way', () => {
  test.each(asked)('%s is made once, for streams and whole answers alike, whoever began', async (route, body) => {
    for (const leads of [true, false]) {
      const held = gate()
      const { model, read } = await openScene({
        model: { gate: (_, event) => (event === 4 || !leads ? held.wait() : undefined) },
      })
      const forms = [leads, true, false, true, false]
      const answers = Promise.all(forms.map(stream => read(route, { ...body, stream })))
      await until(() => model.underWay === 1)
      const late = read(route, { ...body, stream: !leads })
      held.open()
      const all = [...(await answers), await late]
      expect(model.requests).toHaveLength(1)
      expect(all.map(({ answer }) => answer.state)).toEqual(['miss', ...Array(5).fill('coalesced')])
      const [lead] = all
      const alike = all.filter(({ answer }) => answer.headers['content-type'] === lead?.answer.headers['content-type'])
      for (const { text } of alike) expect(text).toBe(lead?.text)
      const streams = all.filter(({ answer }) => answer.headers['content-type']?.startsWith('text/event-stream'))
      const wholes = all.filter(each => !streams.includes(each))
      expect([streams.length, wholes.length]).toEqual(leads ? [3, 3] : [3, 3])
      for (const { text } of wholes) expect(JSON.parse(text)).toEqual(JSON.parse(wholes[0]?.text ?? ''))
      // What is kept is what was shared.
      expect((await read(route, body)).text).toBe(wholes[0]?.text)
    }
  })

  test('is passed on piece by piece: nobody waits for its end', async () => {
    const held = gate()
    const { ask, model } = await openScene({ model: { gate: (_, event) => (event < 6 ? undefined : held.wait()) } })
    const [lead, follower] = [new TestSink(), new TestSink()]
    const first = await ask('chat/completions', chat('Slowly.', { stream: true }))
    if (first.body instanceof Uint8Array) throw new Error('a stream was expected')
    const leading = first.body.sendTo(lead)
    await until(() => lead.text.split('\n\n').length > 6)
    const second = await ask('chat/completions', chat('Slowly.', { stream: true }))
    if (second.body instanceof Uint8Array) throw new Error('a stream was expected')
    const following = second.body.sendTo(follower)
    await until(() => follower.text === lead.text)
    expect(model.underWay).toBe(1)
    held.open()
    await Promise.all([leading, following])
    expect(follower.text).toBe(lead.text)
    expect(lead.text).toMatch(/data: \[DONE\]\n\n$/)
  })

  test('outlives the caller who began it', async () => {
    const held = gate()
    const { ask, read, model } = await openScene({
      model: { gate: (_, event) => (event < 3 ? undefined : held.wait()) },
    })
    const leaving = new AbortController()
    const body = chat('Stay.', { stream: true })
    const first = await ask('chat/completions', body, { signal: leaving.signal })
    const second = await ask('chat/completions', body)
    leaving.abort()
    await expect(textOf(first)).resolves.not.toContain('[DONE]')
    held.open()
    expect(await textOf(second)).toContain('[DONE]')
    expect((await second.done).admission).toBe('coalesced')
    expect((await read('chat/completions', body)).answer.state).toBe('hit')
    expect(model.requests).toHaveLength(1)
    expect(model.leftByClient).toBe(0)
  })

  test('is called off when its last caller leaves, before or after its answer begins', async () => {
    for (const shutAt of [0, 3]) {
      const held = gate()
      const { ask, model, outcomes } = await openScene({
        model: { gate: (_, event) => (event < shutAt ? undefined : held.wait()) },
      })
      const leaving = [new AbortController(), new AbortController()]
      const body = chat('Go.', shutAt === 0 ? {} : { stream: true })
      const answers = leaving.map(({ signal }) => ask('chat/completions', body, { signal }).catch(error => error))
      await until(() => model.underWay === 1)
      if (shutAt > 0) await Promise.all(answers)
      leaving[0]?.abort(new Error('first'))
      await new Promise(resolve => setImmediate(resolve))
      expect(model.underWay).toBe(1)
      leaving[1]?.abort(new Error('second'))
      await until(() => model.leftByClient === 1)
      if (shutAt === 0) expect((await Promise.all(answers)).map(({ message }) => message)).toEqual(['first', 'second'])
      await until(() => outcomes.length === 2)
      held.open()
    }
  })

  test('is finished and kept though everybody left, where that is wanted', async () => {
    const held = gate()
    const { ask, read, model } = await openScene({
      model: { gate: (_, event) => (event < 3 ? undefined : held.wait()) },
      llm: { deserted: 'finish' },
    })
    const leaving = new AbortController()
    const answer = await ask('chat/completions', chat('Go on.', { stream: true }), { signal: leaving.signal })
    leaving.abort()
    held.open()
    expect((await answer.done).admission).toBe('kept')
    expect((await read('chat/completions', chat('Go on.'))).answer.state).toBe('hit')
    expect(model.requests).toHaveLength(1)
  })

  test('fails for all who share it: by a refusal, by a broken stream, by a connection that cannot be made', async () => {
    const held = gate()
    const refusing = await openScene({
      model: { faultOf: () => ({ kind: 'status', status: 429 }) },
    })
    const body = chat('No.', { stream: true })
    const waiting = async (signal: AbortSignal, bytes: Uint8Array) => {
      await held.wait()
      return refusing.forward('chat/completions')(signal, bytes)
    }
    const refused = Promise.all(
      [body, chat('No.'), body].map(each => refusing.read('chat/completions', each, { forward: waiting })),
    )
    held.open()
    for (const { answer, text } of await refused) {
      expect(answer.status).toBe(429)
      expect(answer.headers['retry-after']).toBe('1')
      expect(JSON.parse(text)).toMatchObject({ error: { code: 'rate_limit_exceeded' } })
    }
    expect(refusing.model.requests).toHaveLength(1)

    const breaking = await openScene({ model: { faultOf: () => ({ kind: 'break', afterEvents: 4 }) } })
    const broken = await Promise.allSettled(
      [body, body, chat('No.')].map(each => breaking.read('chat/completions', each)),
    )
    for (const each of broken) expect(each).toMatchObject({ status: 'rejected', reason: { code: 'upstream_broken' } })
    expect(breaking.model.requests).toHaveLength(1)

    const nowhere = { forward: forwardTo('http://127.0.0.1:1/') }
    const lost = await Promise.allSettled(
      [body, chat('No.')].map(each => breaking.read('chat/completions', each, nowhere)),
    )
    for (const each of lost) expect(each).toMatchObject({ status: 'rejected', reason: { message: 'fetch failed' } })
    await until(() => breaking.outcomes.length === 5)
    expect(breaking.outcomes.map(({ admission }) => admission).sort()).toEqual([
      'broken',
      'coalesced',
      'coalesced',
      'coalesced',
      'failed',
    ])
  })

  test('of a reader who is too slow holds nobody up', async () => {
    const piece = Buffer.from(`data: ${'x'.repeat(64 * 1024)}\n\n`)
    const many = 400
    const pulled = { count: 0 }
    const endless = async () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: (async function* () {
        for (; pulled.count < many; pulled.count += 1) yield piece
      })(),
    })
    const { ask } = await openScene({ llm: { maxAnswerBytes: 1024 * 1024 } })
    const body = chat('Much.', { stream: true })
    const slow = await ask('chat/completions', body, { forward: endless })
    const quick = await ask('chat/completions', body, { forward: endless })
    // The upstream waits for its quickest reader.
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(pulled.count).toBeLessThan(60)
    expect((await textOf(quick)).length).toBe(many * piece.length)
    await expect(textOf(slow)).rejects.toMatchObject({ code: 'overloaded' })
    expect((await quick.done).admission).toBe('coalesced')
    expect((await slow.done).admission).toBe('too_large')
  })

  test('goes on when a sink is full, as soon as it drains, and ends when it closes', async () => {
    const { ask } = await openScene()
    const body = chat('Drop by drop.', { stream: true })
    const [full, closing] = [new TestSink(), new TestSink()]
    full.isFull = true
    const first = await ask('chat/completions', body)
    const second = await ask('chat/completions', body)
    if (first.body instanceof Uint8Array || second.body instanceof Uint8Array) throw new Error('streams were expected')
    const sent = first.body.sendTo(full)
    const closed = second.body.sendTo(closing)
    closing.emit('close')
    await closed
    await first.done
    expect(full.pieces).toHaveLength(1)
    full.isFull = false
    full.emit('drain')
    await sent
    expect(full.text).toContain('[DONE]')
  })

  test('1,000 callers share one', async () => {
    const held = gate()
    const { ask, model } = await openScene({ model: { gate: (_, event) => (event < 2 ? undefined : held.wait()) } })
    const sinks = Array.from({ length: 1_000 }, () => new TestSink())
    const sent = sinks.map(async sink => {
      const { body } = await ask('chat/completions', chat('All.', { stream: true }))
      if (!(body instanceof Uint8Array)) await body.sendTo(sink)
    })
    held.open()
    await Promise.all(sent)
    expect(model.requests).toHaveLength(1)
    expect(new Set(sinks.map(({ text }) => text)).size).toBe(1)
    expect(sinks[999]?.text).toContain('[DONE]')
  })
})
