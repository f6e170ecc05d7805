import { Announcer, hourlyMetrics } from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { type Database, migrate, postgresHourlyMetrics } from 'reprise/postgres'
import { expect, test } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'

const labels = { queryType: 'OTHER', table: 'other' } as const

/** What the hours add up to: a test that runs over the full hour has two rows. */
async function sums(database: Database) {
  const { rows } = await database.run({
    text: `SELECT sum(cache_hits)::bigint AS hits, sum(cache_misses)::bigint AS misses,
                  sum(avg_response_time * response_count) AS response_ms, max(total_entries) AS entries,
                  min(storage_size_mb) > 0 AS has_size, bool_and(recorded_at = date_trunc('hour', recorded_at)) AS on_the_hour
           FROM cache_metrics`,
    values: [],
    labels,
  })
  return rows
}

test('C5 the hourly counts add up in the embedded database and are there after a restart', async () => {
  await using directory = await privateDirectory('hourly')
  const open = () => openEmbeddedDatabase({ directory: directory.path })
  let database = await open()
  await migrate(database)
  await database.run({
    text: `INSERT INTO conversation_cache (user_id, platform) VALUES ('web-1', 'guest')`,
    values: [],
    labels,
  })
  const announcers = Array.from({ length: 4 }, () => new Announcer<ConversationEvents>())
  const counting = announcers.map(conversations =>
    hourlyMetrics({ store: postgresHourlyMetrics(database), conversations }),
  )
  for (let round = 1; round <= 5; round += 1) {
    announcers.forEach((announcer, index) => {
      const outcome = index === 0 ? 'miss' : 'hit'
      const read = { owner: 'web-1', outcome, source: 'memory', stale: false, durationMs: round } as const
      announcer.announce('history_read', read)
    })
    await Promise.all(counting.map(metrics => metrics.flush()))
  }
  await Promise.all(counting.map(metrics => metrics.close()))
  const expected = [
    { hits: 15, misses: 5, response_ms: expect.closeTo(60, 6), entries: 1, has_size: true, on_the_hour: true },
  ]
  expect(await sums(database)).toEqual(expected)
  await database.close()
  database = await open()
  expect(await sums(database)).toEqual(expected)
  await database.close()
})
