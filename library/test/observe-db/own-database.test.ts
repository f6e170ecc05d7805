import pg from 'pg'
import { Registry } from 'prom-client'
import { Announcer } from 'reprise'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { logDatabase } from 'reprise/log'
import {
  type DatabaseEvents,
  noticePoolAlerts,
  noticeSlowQueries,
  observePool,
  observeQueries,
} from 'reprise/observe-db'
import { connectPostgres, type Statement } from 'reprise/postgres'
import { prometheusMetrics } from 'reprise/prometheus'
import { expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { levelIn, patiently, sampleOf } from './samples.ts'

function select(text: string): Statement {
  return { text, values: [], labels: { queryType: 'SELECT', table: 'message_cache' } }
}

function watch(database: Announcer<DatabaseEvents>, name: string) {
  const registry = new Registry()
  const lines: [object, string][] = []
  const write = (fields: object, message: string) => lines.push([fields, message])
  prometheusMetrics({ registry, databases: [database] })
  noticeSlowQueries(database, { thresholdMs: 1_500 })
  logDatabase(database, { debug: write, info: write, warn: write, error: write })
  return { registry, lines, alerts: noticePoolAlerts(database, { name }) }
}

describeWith(['postgres'], 'the product’s own database, observed', () => {
  test('F5 F6 F7 over PostgreSQL: one family with the pools of the application, and everything noticed by itself', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off' } })
    const announcer = new Announcer<DatabaseEvents>()
    const { registry, lines, alerts } = watch(announcer, 'chat')
    const options = { url: server.url, maxConnections: 2, connectLimitMs: 1_000, poolName: 'chat', announcer }
    const database = connectPostgres(options)
    const pool = new pg.Pool({ connectionString: server.url, max: 3 })
    pool.on('error', () => {})
    observeQueries(observePool(pool, { registry, name: 'shop' }), { registry })

    await database.run(select("SELECT 'of ann' FROM generate_series(1, 3)"))
    await pool.query('SELECT 1')
    expect(await levelIn(registry)).toEqual([5, 5])
    const slow = [1, 2].map(() => database.run(select("SELECT pg_sleep(2.5), 'of ann'")))
    await expect.poll(async () => (await levelIn(registry))[1], patiently).toBe(3)
    await expect(database.run(select('SELECT 1'))).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(alerts.warnings.map(({ alert }) => alert)).toEqual(['utilisation', 'acquisition_timeout'])
    await Promise.all(slow)
    await expect(database.run(select('SELECT 1 / 0'))).rejects.toThrow()
    await expect.poll(() => alerts.warnings, patiently).toEqual([])

    const sample = (text: string) => sampleOf(registry, text)
    const labels = '{query_type="SELECT",table="message_cache"}'
    expect(await levelIn(registry)).toEqual([5, 5])
    expect(await sample('reprise_db_pool_size{pool="chat"}')).toBe(2)
    expect(await sample('reprise_db_pool_size{pool="shop"}')).toBe(3)
    expect(await sample('reprise_db_pool_acquisition_timeouts_total{pool="chat"}')).toBe(1)
    expect(await sample('reprise_db_pool_acquisition_duration_seconds_count{pool="chat"}')).toBe(4)
    expect(await sample(`db_queries_total${labels}`)).toBe(4)
    expect(await sample(`reprise_db_query_rows_total${labels}`)).toBe(5)
    expect(await sample(`reprise_db_slow_queries_total${labels}`)).toBe(2)
    expect(await sample('reprise_db_query_errors_total{class="data"}')).toBe(1)
    expect(lines.map(([, message]) => message)).toContain('a database statement was slow')
    const slowLine = lines.find(([, message]) => message === 'a database statement was slow')
    expect(slowLine?.[0]).toMatchObject({ statement: 'SELECT pg_sleep(?), ?', table: 'message_cache' })
    expect(JSON.stringify(lines)).not.toContain('ann')
    expect(lines.some(([, message]) => message.startsWith('2 of 2 connections of the pool chat are taken'))).toBe(true)
    await database.close()
    await pool.end()
  })
})

test('F5 F6 over the embedded database: rows, errors, slow statements; a pool of one is no alert by itself', async () => {
  await using directory = await privateDirectory('observed')
  const announcer = new Announcer<DatabaseEvents>()
  const { registry, alerts } = watch(announcer, 'embedded')
  const database = await openEmbeddedDatabase({ directory: directory.path, announcer })
  await database.run(select('SELECT * FROM generate_series(1, 3)'))
  await expect(database.run(select('SELECT no_such'))).rejects.toThrow()
  const slow = database.run(select('SELECT pg_sleep(1.7)'))
  await expect.poll(() => levelIn(registry), patiently).toEqual([1, 0])
  expect(alerts.warnings).toEqual([])
  await slow
  const labels = '{query_type="SELECT",table="message_cache"}'
  // It may be busy with its own upkeep for a moment.
  await expect.poll(() => levelIn(registry), patiently).toEqual([1, 1])
  expect(await sampleOf(registry, 'reprise_db_pool_size{pool="embedded"}')).toBe(1)
  expect(await sampleOf(registry, `reprise_db_query_rows_total${labels}`)).toBe(4)
  expect(await sampleOf(registry, `reprise_db_slow_queries_total${labels}`)).toBe(1)
  expect(await sampleOf(registry, 'reprise_db_query_errors_total{class="syntax"}')).toBe(1)
  await database.close()
})
