import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AnswerStore, KeptAnswer } from 'reprise'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { type Database, migrate, postgresAnswers } from 'reprise/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { manualClock } from '../embedded/manual-clock.ts'
import { chat, gate, openScene, until } from './scene.ts'

describe('C3 D1 answers outlive the memory in which they lay', () => {
  let directory: string
  let database: Database & { close(): Promise<void> }
  let answers: AnswerStore
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'answers-'))
    database = await openEmbeddedDatabase({ directory })
    await migrate(database)
  })
  beforeEach(async () => {
    answers = postgresAnswers(database)
    await answers.forget({ olderThan: Date.now() + 1e12 })
  })
  afterAll(async () => {
    await database?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const priceOf = () => 0.25

  test('and serve in every form, with their age, cost and time of generation', async () => {
    for (const stream of [false, true]) {
      const one = await openScene({ llm: { answers, priceOf } })
      const body = chat(`Durable, ${stream}.`)
      const first = await one.read('chat/completions', { ...body, stream }, { headers: { 'x-reprise-tags': 'faq' } })
      expect(first.outcome).toMatchObject({ admission: 'kept', costUsd: 0.25 })

      const two = await openScene({ llm: { answers, priceOf } })
      const again = await two.read('chat/completions', { ...body, stream })
      expect([again.answer.state, again.answer.reason, again.text]).toEqual(['hit', 'durable', first.text])
      expect(again.outcome).toMatchObject({
        costUsd: 0.25,
        usage: first.outcome.usage,
        generationMs: first.outcome.generationMs,
      })
      expect((await two.read('chat/completions', { ...body, stream: !stream })).answer.reason).toBe('memory')
      expect(two.model.requests).toHaveLength(0)
    }
  })

  test('as rows that people can read, with their hits', async () => {
    const scene = await openScene({ llm: { answers, priceOf } })
    const image = `data:image/png;base64,${'A'.repeat(4_000)}`
    const body = chat('Row.', { stream: true, user: 'someone', temperature: 0.0, image })
    const { outcome } = await scene.read('chat/completions', body)
    for (let time = 0; time < 3; time += 1) await scene.read('chat/completions', body)
    await scene.llm.close()
    const { rows } = await database.run<Record<string, unknown>>({
      text: `SELECT prompt_hash, model, request, response, prompt_tokens, completion_tokens, cost_usd, generation_ms, hit_count
             FROM prompt_cache WHERE model = 'gpt-4o-mini'`,
      values: [],
      labels: { queryType: 'SELECT', table: 'prompt_cache' },
    } as never)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ prompt_hash: outcome.promptHash, model: 'gpt-4o-mini' })
    expect(Number(rows[0]?.['hit_count'])).toBe(3)
    expect(Number(rows[0]?.['prompt_tokens'])).toBe(outcome.usage?.promptTokens)
    expect(rows[0]?.['request']).toMatchObject({
      model: 'gpt-4o-mini',
      image: expect.stringMatching(/^data:image\/png;base64,sha256:[0-9a-f]{64}$/),
    })
    expect(rows[0]?.['request']).not.toHaveProperty('user')
    expect(rows[0]?.['response']).toMatchObject({ choices: [{ message: { role: 'assistant' } }] })
  })

  test('until their time is over, which does not begin anew', async () => {
    const clock = manualClock()
    const one = await openScene({ cache: { clock }, llm: { answers, clock, ttl: '1h' } })
    await one.read('chat/completions', chat('Ending.'))
    clock.advance(40 * 60_000)
    const two = await openScene({ cache: { clock }, llm: { answers, clock, ttl: '1h' } })
    expect((await two.read('chat/completions', chat('Ending.'))).answer.headers['age']).toBe('2400')
    clock.advance(21 * 60_000)
    expect((await two.read('chat/completions', chat('Ending.'))).answer.state).toBe('miss')
  })

  test('unless they are invalidated, also while they are made', async () => {
    const held = gate()
    const scene = await openScene({ model: { gate: () => held.wait() }, llm: { answers } })
    const asking = { headers: { 'x-reprise-tags': 'faq' } }
    const first = scene.read('chat/completions', chat('Fenced.'), asking)
    await until(() => scene.model.underWay === 1)
    // Another process does it: nothing but the durable tier knows of it here.
    await answers.forget({ tag: 'faq' })
    held.open()
    expect((await first).outcome.admission).toBe('kept')
    const other = await openScene({ llm: { answers } })
    expect(
      (await other.read('chat/completions', chat('Fenced.'), { headers: { 'x-reprise-cache': 'only' } })).answer.state,
    ).toBe('miss')

    await other.read('chat/completions', chat('Kept.'), asking)
    await other.llm.invalidate({ tag: 'faq' })
    expect((await other.read('chat/completions', chat('Kept.'))).answer.state).toBe('miss')
  })

  test('and stay when a refresh fails', async () => {
    let fails = false
    const scene = await openScene({
      model: { faultOf: () => (fails ? { kind: 'status', status: 500 } : undefined) },
      llm: { answers },
    })
    const first = await scene.read('chat/completions', chat('Old.'))
    fails = true
    const refreshed = await scene.read('chat/completions', chat('Old.'), { headers: { 'x-reprise-cache': 'refresh' } })
    expect(refreshed.answer.status).toBe(500)
    expect((await scene.read('chat/completions', chat('Old.'))).text).toBe(first.text)
  })

  test('and when the tier fails, everything goes on without it, and it is told', async () => {
    const failing = async () => {
      throw new Error('away')
    }
    const away: AnswerStore = { find: failing, keep: failing, countHits: failing, forget: failing }
    const scene = await openScene({ llm: { answers: away } })
    const failed: string[] = []
    scene.llm.on('durable_failed', ({ operation }) => failed.push(operation))
    expect((await scene.read('chat/completions', chat('On.'))).outcome.admission).toBe('kept')
    expect((await scene.read('chat/completions', chat('On.'))).answer.state).toBe('hit')
    // What could not be asked is not written either.
    expect(failed).toEqual(['find'])
    // Whoever invalidates is told, and the other tiers have done it.
    await expect(scene.llm.invalidate({ model: 'gpt-4o-mini' })).rejects.toThrow('away')
    expect((await scene.read('chat/completions', chat('On.'))).answer.state).toBe('miss')
    await scene.llm.close()
    expect(failed).toContain('countHits')

    const keeping: KeptAnswer[] = []
    const half: AnswerStore = {
      ...away,
      find: async () => ({ answer: undefined, fence: '1' as never }),
      keep: async kept => {
        keeping.push(kept)
        return failing()
      },
    }
    const other = await openScene({ llm: { answers: half } })
    other.llm.on('durable_failed', ({ operation }) => failed.push(operation))
    expect((await other.read('chat/completions', chat('On.'))).outcome.admission).toBe('kept')
    expect(keeping).toHaveLength(1)
    expect(failed.at(-1)).toBe('keep')
  })
})
