import { hash, randomUUID } from 'node:crypto'
import { type AppendRequest, newMessageId, parseGuestId, parseInstant, RepriseError } from 'reprise'
import { connectPostgres, type Database, migrate, postgresConversationStore, StatementError } from 'reprise/postgres'
import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { describeOnBoth } from './both-databases.ts'
import { rowsOf } from './rows-of.ts'

const settings = { enforceQuota: false, guestMonthlyLimit: 100, embed: false }
const newGuest = () => ({ kind: 'guest', guestId: parseGuestId(`guest-${randomUUID()}`) }) as const

function say(target: ReturnType<typeof newGuest>, content: string): AppendRequest {
  const message = { role: 'user', content, timestamp: parseInstant('2026-01-31T12:00:00Z') } as const
  return {
    target,
    messageId: newMessageId(Date.now()),
    message,
    contentHash: hash('sha256', content),
    isSynced: true,
    idempotency: undefined,
  }
}

/** The same database, whose connection breaks at one call, after the statement was carried out or before. */
function breakingAt(call: number, database: Database, carriedOut: boolean): Database {
  let calls = 0
  const run: Database['run'] = async statement => {
    calls += 1
    if (calls !== call) return database.run(statement)
    if (carriedOut) await database.run(statement)
    throw new RepriseError('outcome_unknown', 'The connection broke.')
  }
  return {
    kind: database.kind,
    connections: database.connections,
    run,
    lane: () => ({ run }),
    transaction: work => database.transaction(work),
    close: () => database.close(),
  }
}

describeOnBoth('an append that fails', databases => {
  it.each([true, false])(
    'keeps the outcomes of what was stored before the connection broke (carried out: %s)',
    async carriedOut => {
      const [one, two] = [newGuest(), newGuest()]
      // The first call is the batch, which fails; then its messages go one by one, and the second of them loses its connection.
      const store = postgresConversationStore(breakingAt(3, databases.database, carriedOut))
      const batch = [say(one, 'a'), say(two, 'b'), say(one, 'bad\u0000'), say(one, 'c')]
      const outcomes = await store.append(batch, settings)
      const broken = { kind: 'failed', error: { code: 'outcome_unknown' } }
      expect(outcomes).toMatchObject([{ kind: 'saved', sequence: 0 }, broken, broken, broken])
      const stored = await rowsOf<{ content: string }>(
        databases.database,
        'SELECT content FROM message_cache WHERE id = ANY ($1::uuid[]) ORDER BY content',
        [batch.map(request => request.messageId)],
      )
      expect(stored.map(row => row.content)).toEqual(carriedOut ? ['a', 'b'] : ['a'])
    },
  )

  it('is thrown when it is the whole batch’s', async () => {
    const store = postgresConversationStore(breakingAt(1, databases.database, false))
    await expect(store.append([say(newGuest(), 'a')], settings)).rejects.toMatchObject({ code: 'outcome_unknown' })
  })
})

describeWith(['postgres'], 'an append that waits too long, on a real PostgreSQL', () => {
  it('is cancelled as a whole, not message by message', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off', lock_timeout: '200ms' } })
    const database = connectPostgres({ url: server.url })
    try {
      await migrate(database)
      const store = postgresConversationStore(database)
      const target = newGuest()
      await store.append([say(target, 'a')], settings)
      const failed = await database.transaction(async transaction => {
        await rowsOf(transaction, 'SELECT FROM conversation_cache FOR UPDATE')
        return store.append([say(target, 'b'), say(target, 'c')], settings).catch((error: unknown) => error)
      })
      expect(failed).toBeInstanceOf(StatementError)
      expect(failed).toMatchObject({ sqlState: '55P03' })
      const page = await store.page(target, { afterSequence: -1, limit: 10, maxBytes: 1_000 })
      expect(page).toMatchObject({ nextSequence: 1 })
    } finally {
      await database.close()
    }
  })
})
