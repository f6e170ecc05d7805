// The doors of conversations, one after the other. They ask DATABASE_URL and Redis.
import { Announcer, parseGuestId } from 'reprise'
import { type ConversationEvents, createConversations } from 'reprise/conversation'
import { connectPostgres, migrate, postgresConversationStore } from 'reprise/postgres'
import { connectRedis, redisConversationCopies } from 'reprise/redis'

const database = connectPostgres({ url: process.env['DATABASE_URL'] ?? 'postgres://127.0.0.1/reprise' })
await migrate(database)
const copies = redisConversationCopies(await connectRedis({ url: 'redis://127.0.0.1:6379' }))
const announcer = new Announcer<ConversationEvents>()
const conversations = createConversations({
  store: postgresConversationStore(database),
  copies,
  announcer,
  settings: { enforceQuota: false, guestMonthlyLimit: 100, embed: false },
})
const hello = { role: 'user', content: 'A table for two, please.', timestamp: undefined } as const
console.log((await conversations.append({ kind: 'guest', guestId: parseGuestId('web-7f3a') }, hello, 'first')).kind)

await copies.close()
await database.close()

// It prints:
// saved
