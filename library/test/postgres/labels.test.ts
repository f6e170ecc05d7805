import { Announcer, instantOf, newMessageId, parseGuestId } from 'reprise'
import { connectPostgres, type DatabaseEvents, migrate, postgresConversationStore } from 'reprise/postgres'
import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { rowsOf } from './databases.ts'

describeWith(['postgres'], 'labels of statements', () => {
  it('F6 name what is done and to which table, from a closed set', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off' } })
    const announcer = new Announcer<DatabaseEvents>()
    const seen = new Set<string>()
    announcer.on('query', ({ labels }) => seen.add(`${labels.queryType} ${labels.table}`))
    const database = connectPostgres({ url: server.url, announcer })
    await migrate(database)
    const store = postgresConversationStore(database)
    const guestId = parseGuestId('guest-ann')
    await store.append(
      [
        {
          target: { kind: 'guest', guestId },
          messageId: newMessageId(Date.now()),
          message: { role: 'user', content: 'hello', timestamp: instantOf(Date.now()) },
          contentHash: 'hash',
          isSynced: true,
          idempotency: undefined,
        },
      ],
      { enforceQuota: false, guestMonthlyLimit: 100, embed: true },
    )
    await store.page({ kind: 'guest', guestId }, { afterSequence: -1, limit: 10, maxBytes: 1_000 })
    await store.eraseGuest(guestId)
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'OTHER other',
        'SELECT reprise_migrations',
        'INSERT reprise_migrations',
        'INSERT message_cache',
        'DELETE message_cache',
        'DELETE cache_embeddings',
        'DELETE conversation_cache',
      ]),
    )
    const tables = await rowsOf<{ name: string }>(
      database,
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    )
    const known = new Set(['other', ...tables.map(({ name }) => name)])
    for (const labels of seen) {
      const [queryType, table] = labels.split(' ')
      expect(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'OTHER']).toContain(queryType)
      expect(known).toContain(table)
    }
    await database.close()
  })
})
