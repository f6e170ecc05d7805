import type { AnswerKey, KeptAnswer } from 'reprise'
import { type Database, migrate, postgresAnswers, sharedSecret } from 'reprise/postgres'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type DatabaseMaker, describeOnBoth, rowsOf } from './databases.ts'

const now = Date.parse('2026-01-31T10:00:00Z')
const hourMs = 3_600_000

function answer(name: string, changes: Partial<KeptAnswer> = {}): KeptAnswer {
  const tenant = changes.tenant ?? 't_one'
  return {
    key: `${tenant}//chat%2Fcompletions/default/${name}` as AnswerKey,
    tenant,
    namespace: undefined,
    upstream: 'default',
    route: 'chat/completions',
    model: 'gpt-5',
    promptHash: `hash of ${name}`,
    request: '{"model":"gpt-5","messages":[{"role":"user","content":"Wie geht’s? \\u0000 \\ud83d"}]}',
    response: '{"choices":[{"message":{"role":"assistant","content":"Gut,\\u0000 danke."}}]}',
    recording: { text: 'data: {"a":"\\u0000é"}\n\ndata: [DONE]\n\n', pieces: [9, 12.5, 30, 14] },
    promptTokens: 12,
    completionTokens: 3,
    costUsd: 0.0000125,
    generationMs: 812.5,
    createdAt: now,
    expiresAt: now + hourMs,
    tags: [],
    ...changes,
  }
}

describeOnBoth('answers in prompt_cache', start => {
  let databases: DatabaseMaker
  let database: Database
  beforeAll(async () => {
    databases = await start()
  })
  afterAll(() => databases?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    database = await databases.make()
    await migrate(database)
  })

  async function keep(store: ReturnType<typeof postgresAnswers>, kept: KeptAnswer) {
    return store.keep(kept, (await store.find(kept.key, now)).fence)
  }

  it('C3 an answer comes back as it was kept, until its time is over', async () => {
    const store = postgresAnswers(database)
    const kept = answer('a', { tags: ['faq', 'document:7'], namespace: 'docs' })
    expect((await store.find(kept.key, now)).answer).toBeUndefined()
    expect(await keep(store, kept)).toBe('kept')
    expect((await store.find(kept.key, now)).answer).toEqual(kept)
    expect((await store.find(kept.key, now + hourMs)).answer).toBeUndefined()
    const unknown = answer('b', { promptTokens: undefined, completionTokens: undefined, costUsd: undefined })
    await keep(store, { ...unknown, recording: undefined })
    expect((await store.find(unknown.key, now)).answer).toEqual({ ...unknown, recording: undefined })
  })

  it('C3 its row can be read by SQL, and counts its hits', async () => {
    const store = postgresAnswers(database)
    // PostgreSQL's own operators read no NUL and no half of a surrogate pair, which JSON may hold.
    const kept = answer('a', { request: '{"model":"gpt-5"}', response: '{"choices":[]}' })
    await keep(store, kept)
    await store.countHits(new Map([[kept.key, 3]]))
    await store.countHits(new Map([[kept.key, 2]]))
    const rows = await rowsOf<object>(
      database,
      `SELECT prompt_hash, model, request->>'model' AS asked, response->'choices' IS NOT NULL AS answered,
        prompt_tokens, completion_tokens, cost_usd, generation_ms, hit_count, created_at, expires_at FROM prompt_cache`,
    )
    expect(rows).toEqual([
      {
        prompt_hash: kept.promptHash,
        model: 'gpt-5',
        asked: 'gpt-5',
        answered: true,
        prompt_tokens: 12,
        completion_tokens: 3,
        cost_usd: 0.0000125,
        generation_ms: 812.5,
        hit_count: 5,
        created_at: new Date(now),
        expires_at: new Date(now + hourMs),
      },
    ])
  })

  it('C8 C9 what was generated is its user’s, linked by the mapping, and stays when the answer is forgotten', async () => {
    const store = postgresAnswers(database, { ownerOf: tenant => (tenant === 't_one' ? 'ann' : tenant) })
    const linked = () =>
      rowsOf<object>(
        database,
        `SELECT g.user_id, g.content, m.cache_type, m.cache_backend, m.content_backend, m.is_synced
         FROM prompt_cache p JOIN cache_content_mapping m ON m.cache_id = p.id
         JOIN generated_content g ON g.id = m.content_id ORDER BY g.created_at`,
      )
    const kept = answer('a')
    await keep(store, kept)
    const link = {
      cache_type: 'generated',
      cache_backend: 'postgresql',
      content_backend: 'postgresql',
      is_synced: true,
    }
    expect(await linked()).toEqual([{ ...link, user_id: 'ann', content: 'Gut, danke.' }])
    const again = '{"choices":[{"message":{"role":"assistant","content":"Besser."}}]}'
    await keep(store, { ...kept, response: again, createdAt: now + 1 })
    expect(await linked()).toMatchObject([{ content: 'Besser.' }])
    await store.forget({ key: kept.key })
    expect(await linked()).toEqual([])
    expect(await rowsOf(database, 'SELECT content FROM generated_content')).toHaveLength(2)
    expect(await rowsOf(database, 'SELECT id FROM cache_content_mapping')).toEqual([])
  })

  it('forgets by each field of a selector, and by all together', async () => {
    const store = postgresAnswers(database)
    const rich = answer('rich', {
      ...{ tenant: 't_two', namespace: 'docs', model: 'm', tags: ['faq', 'document:7'], promptHash: 'h' },
      createdAt: now - hourMs,
    })
    const selectors = [
      { key: rich.key },
      { tenant: 't_two' },
      { namespace: 'docs' },
      { model: 'm' },
      { tag: 'faq' },
      { document: '7' },
      { promptHash: 'h' },
      { olderThan: now - hourMs },
      { tenant: 't_two', namespace: 'docs', model: 'm', tag: 'faq', document: '7', olderThan: now - 1 },
    ]
    const other = answer('other')
    await keep(store, other)
    for (const selector of selectors) {
      await keep(store, rich)
      expect([selector, await store.forget(selector)]).toEqual([selector, 1])
      expect((await store.find(rich.key, now)).answer).toBeUndefined()
    }
    await keep(store, rich)
    expect(await store.forget({ tenant: 't_two', model: 'other' })).toBe(0)
    expect(await store.forget({ tenant: 't_one', document: '7' })).toBe(0)
    expect((await store.find(other.key, now)).answer).toBeDefined()
  })

  it('keeps nothing that was forgotten while it was made, and refuses nobody else', async () => {
    const store = postgresAnswers(database)
    const [mine, others] = [answer('mine'), answer('others', { tenant: 't_two' })]
    const fences = [await store.find(mine.key, now), await store.find(others.key, now)].map(({ fence }) => fence)
    await store.forget({ tenant: 't_one', tag: 'anything' })
    expect(await store.keep(mine, fences[0] ?? expect.fail())).toBe('fenced')
    expect(await store.keep(others, fences[1] ?? expect.fail())).toBe('kept')
    expect(await keep(store, mine)).toBe('kept')
    const { fence } = await store.find(mine.key, now)
    await store.forget({ model: 'gpt-5' })
    expect(await store.keep(mine, fence)).toBe('fenced')
  })

  it('in any race of keeping and forgetting, an answer whose making began before is not there afterwards', async () => {
    const store = postgresAnswers(database)
    for (let round = 0; round < 15; round += 1) {
      const kept = answer(`race ${round}`, { tags: [`r${round}`] })
      const { fence } = await store.find(kept.key, now)
      await Promise.all([
        store.keep(kept, fence),
        store.forget({ tenant: 't_one', tag: `r${round}` }),
        store.forget({ tenant: 't_two', tag: 'x' }),
      ])
      expect((await store.find(kept.key, now)).answer).toBeUndefined()
    }
  })

  it('removes what is past its time in batches', async () => {
    const store = postgresAnswers(database)
    for (const name of ['a', 'b', 'c']) await keep(store, answer(name, { expiresAt: now + 1 }))
    await keep(store, answer('later'))
    expect(await store.removeExpired(now + 1, 2)).toBe(2)
    expect(await store.removeExpired(now + 1, 2)).toBe(1)
    expect(await store.removeExpired(now + 1, 2)).toBe(0)
    expect(await rowsOf(database, 'SELECT id FROM cache_content_mapping')).toHaveLength(1)
  })

  it('a secret is made once, whoever asks', async () => {
    const all = await Promise.all([1, 2, 3].map(() => sharedSecret(database, 'tenants')))
    expect(new Set(all.map(secret => Buffer.from(secret).toString('hex'))).size).toBe(1)
    expect(all[0]).toHaveLength(32)
    expect(await sharedSecret(database, 'another')).not.toEqual(all[0])
  })
})
