import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Announcer, parseGuestId } from 'reprise'
import { type ConversationEvents, createConversations } from 'reprise/conversation'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { memoryConversationCopies } from 'reprise/memory-copies'
import { migrate, postgresConversationStore } from 'reprise/postgres'

const directory = await mkdtemp(join(tmpdir(), 'chat-'))
const database = await openEmbeddedDatabase({ directory })
await migrate(database)

const announcer = new Announcer<ConversationEvents>()
announcer.on('message_saved', ({ place, replayed }) => {
  console.log(`message ${place.sequence} is saved${replayed ? ', as it was before' : ''}`)
})

const copies = memoryConversationCopies()
const conversations = createConversations({
  store: postgresConversationStore(database),
  copies,
  announcer,
  settings: { enforceQuota: false, guestMonthlyLimit: 100, embed: false },
})

const guestId = parseGuestId('web-7f3a')
const hello = { role: 'user', content: 'A table for two, please.', timestamp: undefined } as const
await conversations.append({ kind: 'guest', guestId }, hello, 'first')
await conversations.append({ kind: 'guest', guestId }, hello, 'first')

const history = await conversations.history(guestId)
if (history.kind === 'found') {
  const messages: { content: string }[] = JSON.parse(Buffer.from(history.json).toString())
  console.log(`read: ${messages.map(({ content }) => content).join(' | ')}`)
}

const erased = await conversations.erase(guestId)
if (erased.kind === 'erased') console.log(`erased: ${erased.rows['message_cache']} message`)

await copies.close()
await database.close()
await rm(directory, { recursive: true })
