import type { AnswerKey, AnswerSelector } from 'reprise'
import { promptHash } from 'reprise/llm'
import { inProcessTier } from 'reprise/memory-copies'
import { redis } from 'reprise/redis'
import { describe, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { manualClock } from '../embedded/manual-clock.ts'
import { chat, gate, openScene, type Scene, until } from './scene.ts'

/** Answers that differ in what selectors speak of. */
const kept = {
  plain: { body: chat('plain'), tenant: 'a', headers: {} },
  other: { body: chat('other', { model: 'gpt-5-reason' }), tenant: 'a', headers: {} },
  divided: { body: chat('divided'), tenant: 'a', headers: { 'x-reprise-namespace': 'x' } },
  tagged: { body: chat('tagged'), tenant: 'a', headers: { 'x-reprise-tags': 'faq,prices' } },
  resting: { body: chat('resting'), tenant: 'a', headers: { 'x-reprise-documents': 'doc-1,doc-2' } },
  stranger: { body: chat('plain'), tenant: 'b', headers: { 'x-reprise-namespace': 'x', 'x-reprise-tags': 'faq' } },
} as const
type Name = keyof typeof kept
const names = Object.keys(kept) as Name[]

async function keepAll({ read }: Scene): Promise<Record<Name, AnswerKey>> {
  const keys: Partial<Record<Name, AnswerKey>> = {}
  for (const name of names) {
    const { body, ...asking } = kept[name]
    const { answer, outcome } = await read('chat/completions', body, asking)
    expect(outcome.admission).toBe('kept')
    if (answer.key !== undefined) keys[name] = answer.key
  }
  return keys as Record<Name, AnswerKey>
}

async function gone({ read }: Scene): Promise<Name[]> {
  const missing: Name[] = []
  for (const name of names) {
    const { body, tenant, headers } = kept[name]
    const { answer } = await read('chat/completions', body, {
      tenant,
      headers: { ...headers, 'x-reprise-cache': 'only' },
    })
    if (answer.state === 'miss') missing.push(name)
  }
  return missing
}

const hashOfPlain = promptHash(Buffer.from(JSON.stringify(kept.plain.body))) ?? ''
const selectors: readonly (readonly [AnswerSelector, readonly Name[]])[] = [
  [{ tenant: 'a' }, ['plain', 'other', 'divided', 'tagged', 'resting']],
  [{ tenant: 'a', namespace: 'x' }, ['divided']],
  [{ namespace: 'x' }, ['divided', 'stranger']],
  [{ model: 'gpt-5-reason' }, ['other']],
  [{ tenant: 'b', model: 'gpt-4o-mini' }, ['stranger']],
  [{ tag: 'faq' }, ['tagged', 'stranger']],
  [{ tag: 'prices' }, ['tagged']],
  [{ tenant: 'b', tag: 'faq' }, ['stranger']],
  [{ document: 'doc-2' }, ['resting']],
  [{ tag: 'document:doc-1' }, ['resting']],
  [{ document: 'doc' }, []],
  [{ promptHash: hashOfPlain }, ['plain', 'stranger']],
  [{ promptHash: hashOfPlain, tenant: 'a' }, ['plain']],
  [{ olderThan: Date.now() + 3_600_000 }, names],
  [{ olderThan: Date.now() - 7_200_000 }, []],
]

describe('D1 answers are invalidated', () => {
  test.each(selectors)('%o', async (selector, expected) => {
    const scene = await openScene()
    await keepAll(scene)
    const events: unknown[] = []
    scene.llm.on('invalidated', event => events.push(event))
    const { removed } = await scene.llm.invalidate(selector)
    expect(events).toEqual([{ selector, removed }])
    expect(await gone(scene)).toEqual(expected)
  })

  test('by key, as the answer told it', async () => {
    const scene = await openScene()
    const keys = await keepAll(scene)
    for (const name of ['divided', 'stranger'] as const) await scene.llm.invalidate({ key: keys[name] })
    expect(await gone(scene)).toEqual(['divided', 'stranger'])
  })

  test('by age, to the hour, older ones and never younger ones of another hour', async () => {
    const clock = manualClock(Date.UTC(2026, 0, 31, 12, 30))
    const { llm, read } = await openScene({ cache: { clock }, llm: { clock, ttl: '10d' } })
    for (const name of ['first', 'second', 'third']) {
      await read('chat/completions', chat(name))
      clock.advance(7_200_000)
    }
    await llm.invalidate({ olderThan: Date.UTC(2026, 0, 31, 14, 45) })
    const states = ['first', 'second', 'third'].map(async name => {
      return (await read('chat/completions', chat(name), { headers: { 'x-reprise-cache': 'only' } })).answer.state
    })
    expect(await Promise.all(states)).toEqual(['miss', 'miss', 'hit'])
  })

  test('in all processes that share a tier, and in the shared tier', async () => {
    const shared = inProcessTier()
    const one = await openScene({ cache: { redis: shared } })
    const two = await openScene({ cache: { redis: shared } })
    const first = await one.read('chat/completions', chat('A'), { headers: { 'x-reprise-tags': 'faq' } })
    const second = await two.read('chat/completions', chat('A'))
    expect([second.answer.state, second.answer.reason, second.text]).toEqual(['hit', 'redis', first.text])
    expect((await two.read('chat/completions', chat('A'))).answer.reason).toBe('memory')
    expect((await one.read('chat/completions', chat('A'))).answer.reason).toBe('memory')
    await one.llm.invalidate({ tag: 'faq' })
    const only = { headers: { 'x-reprise-cache': 'only' } }
    await expect.poll(async () => (await two.read('chat/completions', chat('A'), only)).answer.state).toBe('miss')
    expect((await one.read('chat/completions', chat('A'), only)).answer.state).toBe('miss')
  })

  test('while they are made: who waits gets them, nobody after, and nothing is kept', async () => {
    const fences: readonly AnswerSelector[] = [
      { tag: 'faq' },
      { model: 'gpt-4o-mini' },
      { tenant: 'tenant' },
      { olderThan: Date.now() + 60_000 },
    ]
    for (const stream of [true, false]) {
      for (const selector of [...fences, 'key', 'promptHash'] as const) {
        const held = gate()
        const { llm, ask, read, model } = await openScene({
          model: { gate: (_, event) => (event < 3 && stream ? undefined : held.wait()) },
        })
        const body = chat('A', { stream })
        const asking = { headers: { 'x-reprise-tags': 'faq' } }
        const first = read('chat/completions', body, asking)
        await until(() => model.underWay === 1)
        const keyless = (await ask('chat/completions', body, { headers: { 'x-reprise-cache': 'only' } })).key
        if (keyless === undefined) throw new Error('a key was expected')
        const hash = keyless.slice(keyless.lastIndexOf('/') + 1)
        await llm.invalidate(
          selector === 'key' ? { key: keyless } : selector === 'promptHash' ? { promptHash: hash } : selector,
        )
        // Whoever comes now is not served what was begun before.
        const second = read('chat/completions', body, asking)
        await until(() => model.underWay === 2)
        held.open()
        const [before, after] = [await first, await second]
        expect(before.outcome.admission, JSON.stringify(selector)).toBe('fenced')
        expect([after.answer.state, after.outcome.admission]).toEqual(['miss', 'kept'])
        expect(after.text).not.toBe(before.text)
        expect((await read('chat/completions', body)).text).toBe(after.text)
        expect(model.requests).toHaveLength(2)
      }
    }
  })

  test('by feedback that they are bad', async () => {
    const scene = await openScene()
    const keys = await keepAll(scene)
    const events: unknown[] = []
    scene.llm.on('feedback', event => events.push(event))
    await scene.llm.feedback(keys.plain, 'good')
    expect(await gone(scene)).toEqual([])
    await scene.llm.feedback(keys.plain, 'bad')
    expect(await gone(scene)).toEqual(['plain'])
    expect(events).toEqual([
      { key: keys.plain, verdict: 'good' },
      { key: keys.plain, verdict: 'bad' },
    ])
  })

  test('by nothing that says too little or nothing', async () => {
    const { llm } = await openScene()
    const wrong: unknown[] = [
      {},
      { tenant: undefined },
      { tenant: '' },
      { tennant: 'a' },
      { olderThan: 'noon' },
      { promptHash: '*' },
      { key: 'a/b' },
    ]
    for (const selector of wrong) {
      await expect(llm.invalidate(selector as AnswerSelector), JSON.stringify(selector)).rejects.toMatchObject({
        code: 'invalid_option',
      })
    }
    await expect(llm.feedback('x' as AnswerKey, 'bad')).rejects.toMatchObject({ code: 'invalid_option' })
  })
})

describeWith(['redis-server'], 'D1 answers on a real Redis', () => {
  test('serve every process, are made by one of them, and go in all of them', async () => {
    await using server = await startRedis()
    const held = gate()
    const open = () => openScene({ model: { gate: () => held.wait() }, cache: { redis: redis({ url: server.url }) } })
    const [one, two] = [await open(), await open()]
    const asking = { upstream: 'shared', headers: { 'x-reprise-tags': 'faq' } }
    const body = chat('Grüße, 🦉!', { stream: true })
    const first = one.read('chat/completions', body, asking)
    await until(() => one.model.underWay === 1)
    const second = two.read('chat/completions', body, asking)
    held.open()
    expect((await first).outcome.admission).toBe('kept')
    expect((await second).text).toBe((await first).text)
    expect((await second).answer.state).toBe('hit')
    expect(two.model.requests).toHaveLength(0)

    const three = await open()
    const json = await three.read('chat/completions', chat('Grüße, 🦉!'), asking)
    expect([json.answer.state, json.answer.reason]).toEqual(['hit', 'redis'])
    await three.llm.invalidate({ tag: 'faq' })
    const only = { upstream: 'shared', headers: { 'x-reprise-cache': 'only' } }
    for (const { read } of [one, two, three]) {
      await expect.poll(async () => (await read('chat/completions', body, only)).answer.state).toBe('miss')
    }
  })
})
