import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { jsonOf, post } from '../http/exchange.ts'
import { historyOf, say } from './chat.ts'
import { type Row, sql } from './deployment.ts'

const cleanUp = fileURLToPath(new URL('../../../library/test/postgres/sql/clean-up.sql', import.meta.url))

describeWith(['postgres', 'psql'], 'the contract of accounts and counts', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await startPostgres({ settings: { fsync: 'off' } })
  })
  afterAll(() => postgres.stop())

  const start = (settings: Readonly<Record<string, string>>) =>
    startReprise({ DATABASE_URL: postgres.url, EMBEDDER: 'none', ...settings })
  const account = async (guest: string): Promise<Row | undefined> =>
    (await sql(postgres.url, `SELECT * FROM usage_metrics WHERE user_id = $1 AND tier = 'guest'`, [guest]))[0]

  it('C7 operators’ clean-up in psql forgets the accounts, and the next message makes them anew', async () => {
    await using server = await start({})
    await say(server.url, 'c7', 'one')
    await say(server.url, 'c7', 'two')
    expect(await account('c7')).toMatchObject({ total_requests: 2, cache_misses: 2, monthly_request_limit: 100 })
    await promisify(execFile)('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', cleanUp, postgres.url])
    expect(await account('c7')).toBeUndefined()
    expect((await say(server.url, 'c7', 'three')).sequence).toBe(2)
    expect(await account('c7')).toMatchObject({ total_requests: 1, cache_misses: 1, monthly_request_limit: 100 })
  })

  it('C7 past the limit nothing is refused, unless ENFORCE_QUOTA says so', async () => {
    {
      await using lenient = await start({ GUEST_MONTHLY_REQUEST_LIMIT: '2' })
      for (const content of ['one', 'two', 'three']) await say(lenient.url, 'c7-quota', content)
    }
    await using strict = await start({ GUEST_MONTHLY_REQUEST_LIMIT: '2', ENFORCE_QUOTA: 'true' })
    const refused = await post(`${strict.url}/v1/guest/chat/c7-quota`, { role: 'user', content: 'four' })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await jsonOf(refused)).toMatchObject({ code: 'quota_exceeded' })
    // The limit of a guest is its row's: operators may raise it.
    await sql(postgres.url, `UPDATE usage_metrics SET monthly_request_limit = 4 WHERE user_id = 'c7-quota'`)
    expect((await say(strict.url, 'c7-quota', 'four')).sequence).toBe(3)
    expect((await post(`${strict.url}/v1/guest/chat/c7-quota`, { role: 'user', content: 'five' })).status).toBe(429)
    expect(await historyOf(strict.url, 'c7-quota')).toHaveLength(4)
    expect(await account('c7-quota')).toMatchObject({ total_requests: 4 })
  })

  it('C5 F3 F5 F6 E1 two servers add up in one row for the hour; the percentages are right at each', async () => {
    await sql(postgres.url, 'DELETE FROM cache_metrics')
    await using one = await start({ DATABASE_POOL_SIZE: '3' })
    await using other = await start({ DATABASE_POOL_SIZE: '5' })
    await say(one.url, 'c5', 'counted')
    for (let count = 0; count < 3; count += 1) await historyOf(one.url, 'c5')
    await historyOf(one.url, 'c5-nobody')
    for (let count = 0; count < 4; count += 1) await historyOf(other.url, 'c5')
    const counts = () =>
      sql(
        postgres.url,
        `SELECT sum(cache_hits)::bigint AS hits, sum(cache_misses)::bigint AS misses, sum(total_requests)::bigint AS requests
         FROM cache_metrics`,
      )
    await expect.poll(counts, { timeout: 2_500 }).toEqual([{ hits: 7, misses: 1, requests: 8 }])
    const rows = await sql(
      postgres.url,
      `SELECT avg_response_time > 0 AS timed, total_entries > 0 AS entries, storage_size_mb > 0 AS size,
              recorded_at = date_trunc('hour', recorded_at) AS hourly FROM cache_metrics`,
    )
    // A run across the full hour has two rows.
    expect(rows.length).toBeLessThanOrEqual(2)
    for (const row of rows) expect(row).toEqual({ timed: true, entries: true, size: true, hourly: true })

    // In this process: one message into the copy, three reads of it, one read of nobody's.
    expect(await one.metric('cache_hit_rate')).toBe(75)
    // The counts go over a connection of their own.
    expect(await one.metric('db_connection_pool_size')).toBe(3 + 1)
    expect(await other.metric('db_connection_pool_size')).toBe(5 + 1)
    expect(await one.metric('db_connection_pool_available')).toBeGreaterThan(0)
    expect(await one.metric('db_queries_total', 'query_type="INSERT",table="message_cache"')).toBe(1)
    expect(await jsonOf(fetch(`${one.url}/api/cache/health`))).toEqual({
      status: 'healthy',
      redis_available: false,
      warnings: [],
      stats_summary: { ai_hit_rate: 0, rag_hit_rate: 0, db_hit_rate: 0 },
    })
  })
})
