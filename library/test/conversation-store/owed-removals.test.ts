import { Announcer, type ConversationCopies, type ConversationStore, parseGuestId } from 'reprise'
import { type ConversationEvents, createConversations } from 'reprise/conversation'
import { memoryConversationCopies } from 'reprise/memory-copies'
import { postgresConversationStore } from 'reprise/postgres'
import { beforeEach, expect, it } from 'vitest'
import { rowsOf, sql } from '../postgres/databases.ts'
import { describeOnBoth } from './both-databases.ts'

const settings = { enforceQuota: false, guestMonthlyLimit: 100, embed: false }
const many = 10_000

describeOnBoth('removals that the copy owes', databases => {
  beforeEach(async () => {
    await databases.database.run(sql('DELETE FROM reprise_copy_deletion'))
    await databases.database.run(
      sql(`INSERT INTO reprise_copy_deletion (guest_id, epoch, created_at)
           SELECT 'guest-' || lpad(n::text, 6, '0'), 1, now() + n * interval '1 ms' FROM generate_series(1, ${many}) n`),
    )
  })

  /** Copies that note what is dropped, and cannot drop those of some guests. */
  function watchedCopies(isAway: (guest: string) => boolean) {
    const dropped: string[] = []
    const running = { now: 0, most: 0 }
    const copies: ConversationCopies = {
      ...memoryConversationCopies(),
      isAvailable: true,
      drop: async guestId => {
        running.now += 1
        running.most = Math.max(running.most, running.now)
        await new Promise(setImmediate)
        running.now -= 1
        if (isAway(guestId)) throw new Error('away')
        dropped.push(guestId)
        return true
      },
    }
    return { copies, dropped, running }
  }

  /** The store, counting its statements of removals. */
  function countedStore() {
    const store = postgresConversationStore(databases.database)
    const asked = { pages: 0, settled: 0 }
    const counted: ConversationStore = {
      ...store,
      pendingCopyDeletions: (limit, offset) => {
        asked.pages += 1
        return store.pendingCopyDeletions(limit, offset)
      },
      settleCopyDeletions: deletions => {
        asked.settled += 1
        return store.settleCopyDeletions(deletions)
      },
    }
    return { counted, asked }
  }

  const owed = async () =>
    (
      await rowsOf<{ guest_id: string }>(
        databases.database,
        'SELECT guest_id FROM reprise_copy_deletion WHERE settled_at IS NULL ORDER BY 1',
      )
    ).map(row => row.guest_id)

  it('A3 are carried out in batches, the oldest first, few at a time', async () => {
    const { copies, dropped, running } = watchedCopies(() => false)
    const { counted, asked } = countedStore()
    const announcer = new Announcer<ConversationEvents>()
    const chat = createConversations({ store: counted, copies, announcer, settings })
    expect(await chat.repairCopies()).toMatchObject({ removed: many })
    expect(dropped).toHaveLength(many)
    expect(dropped).toEqual([...dropped].sort())
    expect(running.most).toBeLessThanOrEqual(200)
    expect(asked.settled).toBeLessThanOrEqual(many / 200 + 1)
    expect(asked.pages).toBeLessThanOrEqual(many / 200 + 1)
    expect(await owed()).toEqual([])
  })

  it('A3 hold up nobody where some cannot be carried out', async () => {
    const away = (guest: string) => guest < 'guest-000600'
    const { copies } = watchedCopies(away)
    const announcer = new Announcer<ConversationEvents>()
    const chat = createConversations({ store: countedStore().counted, copies, announcer, settings })
    expect(await chat.repairCopies()).toMatchObject({ removed: many - 599 })
    expect(await owed()).toHaveLength(599)
    expect((await owed()).every(away)).toBe(true)
    expect(await chat.erase(parseGuestId('guest-000700'))).toMatchObject({ deletedFrom: ['memory', 'postgresql'] })
  })

  it('A3 are given up for a while when all fail', async () => {
    const { copies } = watchedCopies(() => true)
    const { counted, asked } = countedStore()
    const chat = createConversations({ store: counted, copies, announcer: new Announcer(), settings })
    expect(await chat.repairCopies()).toMatchObject({ removed: 0 })
    expect(asked.pages).toBeLessThanOrEqual(5)
    expect(await owed()).toHaveLength(many)
  })
})
