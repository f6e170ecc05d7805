import { randomUUID } from 'node:crypto'
import { newMessageId, parseInstant } from 'reprise'
import { connectPostgres, type Database, migrate } from 'reprise/postgres'
import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { rowsOf } from './rows-of.ts'

const fillSql = `
WITH guest AS (
  INSERT INTO reprise_guest (guest_id, conversation_id) SELECT 'old-' || i, gen_random_uuid() FROM generate_series(1, 5000) i RETURNING *
), conversation AS (
  INSERT INTO conversation_cache (id, user_id, platform, next_seq) SELECT conversation_id, guest_id, 'guest', 4 FROM guest RETURNING *
), usage AS (
  INSERT INTO usage_metrics (user_id, tier) SELECT guest_id, 'guest' FROM guest
), message AS (
  INSERT INTO message_cache (id, conversation_id, sequence, role, content, message_hash)
  SELECT gen_random_uuid(), c.id, s, 'user', 'words', 'hash' FROM conversation c, generate_series(0, 3) s RETURNING *
), key AS (
  INSERT INTO reprise_idempotency (conversation_id, key, fingerprint, message_id, sequence)
  SELECT conversation_id, 'k' || sequence, 'f', id, sequence FROM message
)
INSERT INTO cache_content_mapping (cache_type, cache_id, user_id) SELECT 'message', id, 'old' FROM message`

/** Counts of a transaction, and of earlier ones that the session has not reported yet. */
const readSql = `
SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS read FROM pg_stat_xact_user_tables
WHERE seq_tup_read + coalesce(idx_tup_fetch, 0) > 0 ORDER BY 1`

describeWith(['postgres'], 'appends and fences, planned while the tables were empty', () => {
  it('read only the rows that they need when they are full', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off', autovacuum: 'off' } })
    const database = connectPostgres({ url: server.url, maxConnections: 1 })
    try {
      await migrate(database)
      for (let call = 0; call < 8; call += 1) {
        await rowsOf(database, ...appendOf(['first'], 'k1'))
        await rowsOf(database, ...fencesOf(['first']))
      }
      await rowsOf(database, fillSql)
      // Nothing was analysed since: the session keeps the plans that it made for empty tables.
      const guests = Array.from({ length: 64 }, (_, index) => `old-${index * 70 + 1}`)
      for (const key of [undefined, 'k1', 'new']) {
        expect(await rowsReadBy(database, appendOf(guests, key))).toBeLessThan(4_000)
      }
      expect(await rowsReadBy(database, fencesOf(guests))).toBe(2 * guests.length)
    } finally {
      await database.close()
    }
  })
})

type Query = [text: string, values: readonly unknown[]]

function rowsReadBy(database: Database, query: Query): Promise<number> {
  return database.transaction(async transaction => {
    const before = await rowsRead(transaction)
    await rowsOf(transaction, ...query)
    return (await rowsRead(transaction)) - before
  })
}

async function rowsRead(transaction: Pick<Database, 'run'>): Promise<number> {
  const tables = await rowsOf<{ read: number }>(transaction, readSql)
  return tables.reduce((sum, table) => sum + table.read, 0)
}

const fencesOf = (guests: readonly string[]): Query => ['SELECT reprise_fences($1)', [guests]]

function appendOf(guests: readonly string[], key: string | undefined): Query {
  const same = <Value>(value: Value) => guests.map(() => value)
  return [
    'SELECT * FROM reprise_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
    [
      guests,
      same(null),
      same(null),
      guests.map(() => newMessageId(Date.now())),
      same('user'),
      same(randomUUID()),
      same('hash'),
      same(parseInstant('2026-01-31T12:00:00Z')),
      same(true),
      same(key ?? null),
      same(key === undefined ? null : 'f'),
      true,
      true,
      1_000,
    ],
  ]
}
