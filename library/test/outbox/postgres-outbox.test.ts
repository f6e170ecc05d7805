import { setTimeout as sleep } from 'node:timers/promises'
import { type GuestId, instantOf, type Message, newMessageId, parseGuestId } from 'reprise'
import { connectPostgres, type Database, migrate, postgresConversationStore, postgresOutbox } from 'reprise/postgres'
import { outboxSuite } from 'reprise/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { keptEmbeddings, outboxHarness, sql, storeMessages } from './outbox-harness.ts'

const minute = 60_000
const embedding = { vector: Float32Array.from([1, 2]), truncated: false }

describeWith(['postgres'], 'the outbox in a real PostgreSQL', () => {
  let server: PostgresServer
  let database: Database
  let otherDatabase: Database

  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } })
    database = connectPostgres({ url: server.url })
    otherDatabase = connectPostgres({ url: server.url })
    await migrate(database)
  })
  afterAll(async () => {
    await database?.close()
    await otherDatabase?.close()
    await server?.stop()
  })

  describe('contract', () => {
    for (const { name, run } of outboxSuite(() => outboxHarness(database, otherDatabase))) it(name, run)
  })

  /** Resolves once some statement waits for a lock. */
  async function somebodyWaits(): Promise<void> {
    const waiting = sql(
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    )
    while ((await otherDatabase.run(waiting)).rows.length === 0) await sleep(5)
  }

  it('A3 waits for an eraser who came first, and then stores nothing', async () => {
    const { outbox } = await outboxHarness(database)
    const [id = ''] = await storeMessages(database, ['secret'], true)
    const [item] = await outbox.claim(1, minute)
    if (item === undefined) throw new Error('nothing was claimed')

    let completing: Promise<readonly string[]> = Promise.resolve(['not asked'])
    await otherDatabase.transaction(async transaction => {
      await transaction.run(sql('SELECT FROM conversation_cache WHERE id = $1 FOR UPDATE', [item.conversationId]))
      completing = outbox.complete([{ item, embedding }], 'late')
      await somebodyWaits()
      // Embeddings first: the order that would lose, were the late worker not waiting.
      await transaction.run(sql('DELETE FROM cache_embeddings WHERE message_id = $1', [id]))
      await transaction.run(sql('DELETE FROM reprise_outbox WHERE message_id = $1', [id]))
      await transaction.run(sql('DELETE FROM message_cache WHERE id = $1', [id]))
      await transaction.run(sql('DELETE FROM conversation_cache WHERE id = $1', [item.conversationId]))
    })
    expect(await completing).toEqual([])
    expect(await keptEmbeddings(database)).toEqual([])
    expect((await outbox.counts()).pending).toBe(0)
  })

  it('A3 waits for an operator who deletes the messages alone, and then stores nothing', async () => {
    const { outbox } = await outboxHarness(database)
    await storeMessages(database, ['secret'], true)
    const [item] = await outbox.claim(1, minute)
    if (item === undefined) throw new Error('nothing was claimed')

    let completing: Promise<readonly string[]> = Promise.resolve(['not asked'])
    await otherDatabase.transaction(async transaction => {
      await transaction.run(sql('DELETE FROM message_cache WHERE id = $1', [item.messageId]))
      completing = outbox.complete([{ item, embedding }], 'late')
      await somebodyWaits()
    })
    expect(await completing).toEqual([])
    expect(await keptEmbeddings(database)).toEqual([])
  })

  it('A3 leaves nothing where workers race with guests who say more and are erased', { timeout: 60_000 }, async () => {
    const { outbox } = await outboxHarness(database)
    const other = postgresOutbox(otherDatabase)
    const store = postgresConversationStore(otherDatabase)
    const guests = Array.from({ length: 60 }, (_, index) => parseGuestId(`race-${index}`))
    const say = async (guestId: GuestId, words: string) => {
      const message: Message = { role: 'user', content: `${guestId} ${words}`, timestamp: instantOf(Date.now()) }
      const target = { kind: 'guest', guestId } as const
      const messageId = newMessageId(Date.now())
      await store.append(
        [{ target, messageId, message, contentHash: 'hash', isSynced: true, idempotency: undefined }],
        {
          enforceQuota: false,
          guestMonthlyLimit: 100,
          embed: true,
        },
      )
    }
    for (const guestId of guests) await say(guestId, 'first')

    let over = false
    const work = async (worker: typeof outbox) => {
      for (
        let items = await worker.claim(5, minute);
        items.length > 0 || !over;
        items = await worker.claim(5, minute)
      ) {
        await sleep(Math.random() * 5)
        await worker.complete(
          items.map(item => ({ item, embedding })),
          'racer',
        )
      }
    }
    const erase = async () => {
      for (const [index, guestId] of guests.entries()) {
        await say(guestId, 'second')
        if (index % 2 === 0) await store.eraseGuest(guestId)
        else await say(guestId, 'third')
      }
      over = true
    }
    await Promise.all([work(outbox), work(other), work(outbox), erase()])

    const kept = guests.filter((_, index) => index % 2 === 1)
    const expected = kept.flatMap(guestId => ['first', 'second', 'third'].map(words => `${guestId} ${words}`))
    expect((await keptEmbeddings(database)).map(({ text }) => text).toSorted()).toEqual(expected.toSorted())
    expect((await outbox.counts()).pending).toBe(0)
  })

  it('does not make appends wait for a worker that stores', async () => {
    const { outbox } = await outboxHarness(database)
    await storeMessages(database, ['hello'], true)
    const [item] = await outbox.claim(1, minute)
    if (item === undefined) throw new Error('nothing was claimed')
    await otherDatabase.transaction(async transaction => {
      const append = sql('UPDATE conversation_cache SET next_seq = next_seq + 1 WHERE id = $1', [item.conversationId])
      await transaction.run(append)
      // Would wait for ever, were the locks in each other's way.
      expect(await outbox.complete([{ item, embedding }], 'beside')).toEqual([item.messageId])
    })
  })

  it('searches one at a time: a second worker finds it busy', async () => {
    const { outbox, other } = await outboxHarness(database, otherDatabase)
    await storeMessages(database, ['one', 'two'], false)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? outbox : other).enqueueMissing('model', 10, undefined)),
    )
    const enqueued = outcomes.reduce((sum, outcome) => sum + (outcome.kind === 'searched' ? outcome.enqueued : 0), 0)
    expect(enqueued).toBe(2)
    expect((await outbox.counts()).pending).toBe(2)
  })
})
