import { Announcer, hourlyMetrics, systemClock } from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { type Database, migrate, postgresHourlyMetrics } from 'reprise/postgres'
import { expect, test } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { startMetricsFlusher } from '../../src/workers/metrics-flusher.ts'

async function hitsIn(database: Database): Promise<number> {
  const { rows } = await database.run<{ hits: number }>({
    text: 'SELECT coalesce(sum(cache_hits), 0)::bigint AS hits FROM cache_metrics',
    values: [],
    labels: { queryType: 'SELECT', table: 'cache_metrics' },
  })
  return rows[0]?.hits ?? 0
}

test('C5 counts are visible within two seconds, and the last ones are flushed at close', async () => {
  await using directory = await privateDirectory('flusher')
  const database = await openEmbeddedDatabase({ directory: directory.path })
  await migrate(database)
  const conversations = new Announcer<ConversationEvents>()
  const metrics = hourlyMetrics({ store: postgresHourlyMetrics(database), conversations })
  const failures: unknown[] = []
  const flusher = startMetricsFlusher({ metrics, clock: systemClock, onFailure: error => failures.push(error) })
  const read = { owner: 'web-1', outcome: 'hit', source: 'memory', stale: false, durationMs: 1 } as const

  for (let count = 0; count < 3; count += 1) conversations.announce('history_read', read)
  await expect.poll(() => hitsIn(database), { timeout: 2_000, interval: 50 }).toBe(3)
  conversations.announce('history_read', read)
  await flusher.close()
  expect(await hitsIn(database)).toBe(4)
  expect(failures).toEqual([])
  await database.close()
})
