import { Announcer } from 'reprise'
import { createConversations } from 'reprise/conversation'
import type { Stores } from '../compose.ts'
import type { Settings } from '../config/settings-table.ts'
import { type TakeoverReport, takeOver } from './take-over.ts'

/** Imports the guests that an older system kept in Redis. Undefined where there is no Redis. */
export async function takeOverRedis(stores: Stores, settings: Settings): Promise<TakeoverReport | undefined> {
  const { conversationStore: store, fastCopies } = stores
  if (fastCopies?.kind !== 'redis') return undefined
  const { copies } = fastCopies
  const append = {
    enforceQuota: false,
    guestMonthlyLimit: settings.guestMonthlyRequestLimit,
    embed: stores.embedder !== undefined,
  }
  // Deletions that Redis still owes come first: what was erased must not be taken for something older.
  const owing = createConversations({ store, copies, announcer: new Announcer(), settings: append })
  while ((await owing.repairCopies()).removed > 0);
  const conversations = createConversations({ store, announcer: new Announcer(), settings: append })
  const report = await takeOver(copies.scan(), { store, conversations, copies })
  await copies.noteTakeover()
  return report
}

/** The same when a server starts, once for each Redis: a Redis that was taken over bears a mark. */
export async function takeOverRedisOnce(stores: Stores, settings: Settings): Promise<TakeoverReport | undefined> {
  const { fastCopies } = stores
  if (fastCopies?.kind !== 'redis' || !fastCopies.copies.isAvailable) return undefined
  return (await fastCopies.copies.wasTakenOver()) ? undefined : takeOverRedis(stores, settings)
}
