import type { ModelUsage } from 'reprise'
import { type Database, migrate, postgresUsage } from 'reprise/postgres'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type DatabaseMaker, describeOnBoth, rowsOf } from './databases.ts'

const ann = { id: 'ann', tier: 'user' } as const
const holder = { id: 't_key', tier: 'api' } as const

function use(account: ModelUsage['account'], changes: Partial<ModelUsage> = {}): ModelUsage {
  return {
    ...{ account, month: '2026-01-01', model: 'gpt-5', requests: 2, hits: 1, misses: 1, promptTokens: 10 },
    ...{ completionTokens: 5, costUsd: 0.1, savedPromptTokens: 20, savedCompletionTokens: 7, grossSavedUsd: 0.3 },
    ...{ providerCacheUsd: 0.05, unpriced: 0 },
    ...changes,
  }
}

describeOnBoth('the use of models, in usage_metrics and by model', start => {
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

  it('C7 callers have rows of their own, to which all servers add', async () => {
    const store = postgresUsage(database)
    const [one, other] = [crypto.randomUUID(), crypto.randomUUID()]
    await store.add({ source: one, number: 1, items: [use(ann), use(holder), use(ann, { model: 'o3' })] })
    await store.add({ source: other, number: 1, items: [use(holder, { month: '2026-02-01' })] })
    await store.add({ source: one, number: 2, items: [use(holder)] })
    const rows = await rowsOf(
      database,
      `SELECT user_id, tier, total_requests, cache_hits, cache_misses, monthly_request_limit, month::text, month_requests
       FROM usage_metrics ORDER BY user_id`,
    )
    expect(rows).toEqual([
      {
        ...{ user_id: 'ann', tier: 'user', total_requests: 4, cache_hits: 2, cache_misses: 2 },
        ...{ monthly_request_limit: null, month: '2026-01-01', month_requests: 4 },
      },
      {
        ...{ user_id: 't_key', tier: 'api', total_requests: 6, cache_hits: 3, cache_misses: 3 },
        // What comes late belongs to a month that is over.
        ...{ monthly_request_limit: null, month: '2026-02-01', month_requests: 2 },
      },
    ])
  })

  it('is read by account and month, and for all callers, guests left out', async () => {
    const store = postgresUsage(database)
    await rowsOf(database, `INSERT INTO usage_metrics (user_id, tier, total_requests) VALUES ('g', 'guest', 100)`)
    const items = [use(ann), use(ann, { model: 'o3', requests: 5 }), use(holder), use(ann, { month: '2025-12-01' })]
    await store.add({ source: crypto.randomUUID(), number: 1, items })
    const read = await store.read(ann, '2026-01-01')
    expect(read).toMatchObject({ totalRequests: 9, cacheHits: 3, cacheMisses: 3 })
    expect(read.models.map(({ model, requests }) => [model, requests])).toEqual([
      ['o3', 5],
      ['gpt-5', 2],
    ])
    const { account: _account, month: _month, ...counts } = use(ann)
    expect(read.models[1]).toEqual(counts)
    const all = await store.read(undefined, '2026-01-01')
    expect(all).toMatchObject({ totalRequests: 11 })
    expect(all.models.find(({ model }) => model === 'gpt-5')).toMatchObject({ requests: 4, costUsd: 0.2 })
    expect(await store.read({ id: 'nobody', tier: 'api' }, '2026-01-01')).toEqual({
      ...{ totalRequests: 0, cacheHits: 0, cacheMisses: 0, models: [] },
    })
  })

  it('adds a flush once, however often its outcome is unknown', async () => {
    const store = postgresUsage(database)
    const flush = { source: crypto.randomUUID(), number: 1, items: [use(ann)] }
    expect([await store.add(flush), await store.add(flush)]).toEqual(['added', 'known'])
    expect(await store.read(ann, '2026-01-01')).toMatchObject({ totalRequests: 2 })
    await store.forget(flush.source)
    expect(await rowsOf(database, 'SELECT source FROM reprise_metrics_flush')).toEqual([])
  })
})
