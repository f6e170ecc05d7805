import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { Announcer, type HourlyMetrics, hourlyMetrics, RepriseError } from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import { connectPostgres, type Database, migrate, postgresHourlyMetrics } from 'reprise/postgres'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startProxy } from '../../../testbed/proxy.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'

interface MetricsRow {
  readonly total_entries: number
  readonly cache_hits: number
  readonly cache_misses: number
  readonly total_requests: number
  readonly avg_response_time: number
  readonly avg_generation_time: number
  readonly storage_size_mb: number
  readonly recorded_at: Date
}

/** One server's part: its own pool, its own announcer, its own counts. */
interface Counting extends AsyncDisposable {
  readonly metrics: HourlyMetrics
  read(outcome: 'hit' | 'miss', durationMs: number): void
}

function startCounting(url: string): Counting {
  const database = connectPostgres({ url, maxConnections: 2 })
  const conversations = new Announcer<ConversationEvents>()
  const metrics = hourlyMetrics({ store: postgresHourlyMetrics(database), conversations })
  return {
    metrics,
    read: (outcome, durationMs) =>
      conversations.announce('history_read', { owner: 'web-1', outcome, source: 'redis', stale: false, durationMs }),
    [Symbol.asyncDispose]: () => database.close(),
  }
}

describeWith(['postgres'], 'hourly metrics on a real PostgreSQL', () => {
  let server: PostgresServer
  let database: Database

  beforeAll(async () => {
    server = await startPostgres()
    database = connectPostgres({ url: server.url })
    await migrate(database)
  })
  afterAll(async () => {
    await database.close()
    await server.stop()
  })
  beforeEach(() => query('TRUNCATE cache_metrics, reprise_metrics_flush, conversation_cache'))

  async function query<Row>(text: string): Promise<readonly Row[]> {
    const { rows } = await database.run<Row>({ text, values: [], labels: { queryType: 'OTHER', table: 'other' } })
    return rows
  }
  // A test that begins just before the full hour sees two rows; what they add up to is the same.
  async function sums() {
    const rows = await query<MetricsRow>('SELECT * FROM cache_metrics ORDER BY recorded_at')
    const add = (value: (row: MetricsRow) => number) => rows.reduce((total, row) => total + value(row), 0)
    return {
      rows,
      hits: add(row => row.cache_hits),
      misses: add(row => row.cache_misses),
      requests: add(row => row.total_requests),
      responseMs: add(row => row.avg_response_time * row.total_requests),
    }
  }

  /** Comes to the expected count once the database is back, and stays there however often all flush again. */
  async function expectSettled(servers: readonly Counting[], part: 'hits' | 'misses', expected: number): Promise<void> {
    const flushed = async () => {
      for (const { metrics } of servers) await metrics.flush()
      return (await sums())[part]
    }
    await expect.poll(flushed, { timeout: 10_000 }).toBe(expected)
    for (let again = 0; again < 3; again += 1) expect(await flushed()).toBe(expected)
  }

  test('C5 four servers on one database add up to right totals and weighted averages', async () => {
    const servers = Array.from({ length: 4 }, () => startCounting(server.url))
    await Promise.all(
      servers.map(async ({ metrics, read }, index) => {
        for (let round = 0; round < 50; round += 1) {
          for (let count = 0; count <= index; count += 1) read(count % 2 === 0 ? 'hit' : 'miss', index + 1)
          await metrics.flush()
        }
        await metrics.close()
      }),
    )
    const { rows, ...totals } = await sums()
    // Server n reads n times a round, each taking n ms: 50 × (1 + 2 + 3 + 4) reads, 50 × (1 + 4 + 9 + 16) ms.
    expect(totals).toEqual({ hits: 300, misses: 200, requests: 500, responseMs: expect.closeTo(1500, 6) })
    for (const row of rows) expect(row.recorded_at.getTime() % 3_600_000).toBe(0)
    expect(await query('SELECT * FROM reprise_metrics_flush')).toEqual([])
    for (const one of servers) await one[Symbol.asyncDispose]()
  })

  test('C5 total_entries and storage_size_mb are those of the last flush', async () => {
    await using counting = startCounting(server.url)
    await query(
      `INSERT INTO conversation_cache (user_id, platform) SELECT 'g' || i, 'guest' FROM generate_series(1, 7) i`,
    )
    counting.read('hit', 1)
    await counting.metrics.flush()
    const [row] = await query<MetricsRow>('SELECT * FROM cache_metrics ORDER BY recorded_at DESC LIMIT 1')
    const [size] = await query<{ mb: number }>(
      `SELECT sum(pg_total_relation_size(name::regclass)) / 1048576.0 AS mb
       FROM unnest(ARRAY['conversation_cache', 'message_cache', 'cache_embeddings', 'cache_content_mapping']) name`,
    )
    expect(row?.total_entries).toBe(7)
    expect(row?.storage_size_mb).toBeCloseTo(size?.mb ?? 0, 6)
  })

  test('connections cut in the middle of flushes neither lose nor double a count', async () => {
    await using proxy = await startProxy(server.port)
    const url = server.url.replace(`:${server.port}/`, `:${proxy.port}/`)
    const servers = Array.from({ length: 4 }, () => startCounting(url))
    let unknownOutcomes = 0
    for (const { metrics } of servers) {
      metrics.events.on('flush_failed', ({ error }) => {
        if (error instanceof RepriseError && error.code === 'outcome_unknown') unknownOutcomes += 1
      })
    }
    const cutting = setInterval(() => proxy.cut(), 40)
    const deadline = performance.now() + 3_000
    let counted = 0
    await Promise.all(
      servers.map(async ({ metrics, read }) => {
        while (performance.now() < deadline) {
          read('hit', 1)
          counted += 1
          await metrics.flush()
          await nextTurn()
        }
      }),
    )
    clearInterval(cutting)
    console.log(`${counted} reads counted through ${unknownOutcomes} flushes of unknown outcome`)
    expect(unknownOutcomes).toBeGreaterThan(20)
    await expectSettled(servers, 'hits', counted)
    for (const one of servers) await one[Symbol.asyncDispose]()
  })

  test('a database that restarts at once neither loses nor doubles a count', async () => {
    const servers = Array.from({ length: 4 }, () => startCounting(server.url))
    let counted = 0
    let running = true
    const work = servers.map(async ({ metrics, read }) => {
      while (running) {
        read('miss', 1)
        counted += 1
        await metrics.flush()
        await nextTurn()
      }
    })
    for (let round = 0; round < 3; round += 1) {
      await sleep(300)
      await server.restart('immediate')
    }
    running = false
    await Promise.all(work)
    await expectSettled(servers, 'misses', counted)
    for (const one of servers) await one[Symbol.asyncDispose]()
  })
})
