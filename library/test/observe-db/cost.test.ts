import { Registry } from 'prom-client'
import { Announcer } from 'reprise'
import { logDatabase } from 'reprise/log'
import { type DatabaseEvents, noticePoolAlerts, noticeSlowQueries } from 'reprise/observe-db'
import { prometheusMetrics } from 'reprise/prometheus'
import { expect, test } from 'vitest'
import { costOf } from '../observe/cost-of.ts'

test('F8 counting a statement or an acquisition, with all that is noticed of it, costs under a microsecond', () => {
  const database = new Announcer<DatabaseEvents>()
  const lines: object[] = []
  const write = (fields: object) => lines.push(fields)
  prometheusMetrics({ registry: new Registry(), databases: [database] })
  noticeSlowQueries(database)
  noticePoolAlerts(database, { name: 'orders' })
  logDatabase(database, { debug: write, info: write, warn: write, error: write })
  const labels = { queryType: 'SELECT', table: 'users' } as const
  const statement = costOf(() =>
    database.announce('query', { labels, durationMs: 2, failed: false, rows: 3, text: 'SELECT * FROM users' }),
  )
  const acquisition = costOf(() => {
    database.announce('pool', { pool: 'orders', size: 10, available: 4 })
    database.announce('acquisition', { pool: 'orders', durationMs: 0.1, outcome: 'acquired' })
  })
  expect(statement).toBeLessThan(1_000)
  expect(acquisition).toBeLessThan(1_000)
  expect(lines).toEqual([])
})
