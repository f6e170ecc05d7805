import { hash, randomInt, randomUUID } from 'node:crypto'
import {
  type AppendRequest,
  type ConversationId,
  type ConversationRef,
  type ConversationStore,
  newMessageId,
  parseGuestId,
  parseInstant,
  parseUserId,
} from 'reprise'
import { type Database, postgresConversationStore, postgresOutbox, StatementError } from 'reprise/postgres'
import { checkHistory, type HistoryOperation } from 'reprise/testing'
import { expect, it } from 'vitest'
import { describeOnBoth, describeOnPostgres } from './both-databases.ts'
import { RecordedStore } from './recorded-store.ts'
import { rowsOf } from './rows-of.ts'

const settings = { enforceQuota: false, guestMonthlyLimit: 1_000_000, embed: true }
const timestamp = parseInstant('2026-01-31T12:00:00Z')

function say(target: ConversationRef, key?: string): AppendRequest {
  const content = randomUUID()
  const contentHash = hash('sha256', content)
  return {
    target,
    messageId: newMessageId(Date.now()),
    message: { role: 'user', content, timestamp },
    contentHash,
    isSynced: true,
    idempotency: key === undefined ? undefined : { key, fingerprint: contentHash },
  }
}

/** The same database, and the SQLSTATEs of what it refused. */
function watched(database: Database, refusals: string[]): Database {
  const noting = <Result>(work: Promise<Result>) =>
    work.catch(error => {
      if (error instanceof StatementError) refusals.push(error.sqlState)
      throw error
    })
  const lane = database.lane()
  return {
    kind: database.kind,
    connections: database.connections,
    run: statement => noting(database.run(statement)),
    lane: () => ({ run: statement => noting(lane.run(statement)) }),
    transaction: work => noting(database.transaction(work)),
    close: () => database.close(),
  }
}

/** What happens at once to a dozen guests, until each worker has done its part. */
class Crowd {
  readonly log: HistoryOperation[] = []
  readonly #stores: readonly ConversationStore[]
  readonly #recorded: readonly RecordedStore[]
  readonly #guests = Array.from({ length: 12 }, () => parseGuestId(`crowd-guest-${randomUUID()}`))
  readonly #users = Array.from({ length: 3 }, () => parseUserId(`crowd-user-${randomUUID()}`))
  readonly everybody = new Set<string>(this.#guests)

  constructor(databases: readonly Database[]) {
    this.#stores = databases.map(postgresConversationStore)
    this.#recorded = this.#stores.map(store => new RecordedStore(store, this.log))
  }

  async work(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) await this.#step()
  }

  async #step(): Promise<void> {
    const [chance, place] = [randomInt(100), randomInt(this.#guests.length)]
    const [guestId, store] = [pick(this.#guests), pick(this.#recorded)]
    if (chance < 45) await this.#append(store)
    else if (chance < 55) await this.#sendTwice()
    else if (chance < 75) await store.read({ kind: 'guest', guestId })
    else if (chance < 80) await store.eraseGuest(guestId)
    else if (chance < 83) {
      const leaving = this.#guests[place] ?? guestId
      const migrated = await store.migrate(leaving, pick(this.#users))
      const newcomer = parseGuestId(`crowd-guest-${randomUUID()}`)
      this.everybody.add(newcomer)
      if (migrated && this.#guests[place] === leaving) this.#guests[place] = newcomer
    } else if (chance < 90) await this.#useOfUsers(store)
    else await this.#mark()
  }

  async #append(store: RecordedStore): Promise<void> {
    const batch = Array.from({ length: randomInt(1, 7) }, () => say({ kind: 'guest', guestId: pick(this.#guests) }))
    await store.append(batch, settings)
  }

  /** A client that lost patience: the same key and body again, over another server. */
  async #sendTwice(): Promise<void> {
    const request = say({ kind: 'guest', guestId: pick(this.#guests) }, randomUUID())
    await Promise.all(
      this.#recorded.map(store =>
        store.append([{ ...request, messageId: newMessageId(Date.now()) }, this.#other()], settings),
      ),
    )
  }

  #other(): AppendRequest {
    return say({ kind: 'guest', guestId: pick(this.#guests) })
  }

  /** One batch for conversations of several users. */
  async #useOfUsers(store: RecordedStore): Promise<void> {
    const targets: (ConversationRef & { kind: 'user' })[] = []
    for (const userId of this.#users.toSorted(() => randomInt(3) - 1)) {
      const listed = await pick(this.#stores).listConversations(userId, { limit: 100, offset: 0 })
      if (listed.length > 0) targets.push({ kind: 'user', userId, conversationId: pick(listed).conversationId })
    }
    if (targets.length === 0) return
    await store.append([...targets.map(target => say(target)), this.#other(), say(pick(targets))], settings)
    const target = pick(targets)
    await store.read(target)
    if (randomInt(10) === 0) await store.eraseConversation(target.userId, target.conversationId)
  }

  async #mark(): Promise<void> {
    const store = pick(this.#stores)
    const fences = await store.fences(this.#guests)
    const active = fences.filter(fence => fence.kind === 'active')
    if (active.length === 0) return
    const { conversationId, nextSequence } = pick(active)
    await store.markConversationSynced(conversationId, nextSequence, randomInt(2) === 0)
    const page = await store.page(
      { kind: 'guest', guestId: pick(this.#guests) },
      { afterSequence: -1, limit: 50, maxBytes: 1_000_000 },
    )
    if (page.kind !== 'page') return
    const ids = page.messages.map(message => message.messageId).toReversed()
    await store.markSynced(ids, randomInt(2) === 0)
  }

  /** Reads all there is once more. */
  async readAll(): Promise<void> {
    const [recorded] = this.#recorded
    const [store] = this.#stores
    if (recorded === undefined || store === undefined) throw new Error('A crowd needs a store.')
    for (const guestId of this.everybody) await recorded.read({ kind: 'guest', guestId: parseGuestId(guestId) })
    const ids = new Set<ConversationId>()
    for (const userId of this.#users)
      for (const { conversationId } of await store.listConversations(userId, { limit: 10_000, offset: 0 })) {
        ids.add(conversationId)
        await recorded.read({ kind: 'user', userId, conversationId })
      }
    // Conversations that their user erased are asked for as well.
    for (const operation of [...this.log])
      if (operation.kind === 'erase' && operation.conversationId !== undefined)
        await recorded.read({
          kind: 'user',
          userId: parseUserId(operation.owner),
          conversationId: operation.conversationId as ConversationId,
        })
  }
}

function pick<Item>(items: readonly Item[]): Item {
  const item = items[randomInt(items.length)]
  if (item === undefined) throw new Error('Nothing to pick from.')
  return item
}

async function embedUntil(databases: readonly Database[], done: () => boolean): Promise<void> {
  const outbox = postgresOutbox(pick(databases))
  while (!done()) {
    const items = await outbox.claim(randomInt(1, 40), 50)
    const embedding = { vector: Float32Array.from([1, 2]), truncated: false }
    await outbox.complete(items.map(item => ({ item, embedding })).toReversed(), 'crowd-model')
  }
}

const orphansSql = `
SELECT
  (SELECT count(*) FROM message_cache m WHERE NOT EXISTS (SELECT FROM conversation_cache c WHERE c.id = m.conversation_id)) AS messages,
  (SELECT count(*) FROM cache_embeddings e WHERE NOT EXISTS (SELECT FROM message_cache m WHERE m.id = e.message_id)) AS embeddings,
  (SELECT count(*) FROM cache_content_mapping p WHERE NOT EXISTS (SELECT FROM message_cache m WHERE m.id = p.cache_id)) AS mappings,
  (SELECT count(*) FROM reprise_outbox o WHERE NOT EXISTS (SELECT FROM message_cache m WHERE m.id = o.message_id)) AS waiting,
  (SELECT count(*) FROM reprise_idempotency k WHERE NOT EXISTS (SELECT FROM message_cache m WHERE m.id = k.message_id)) AS keys,
  (SELECT count(*) FROM conversation_cache c WHERE c.platform = 'guest'
     AND NOT EXISTS (SELECT FROM reprise_guest g WHERE g.conversation_id = c.id AND g.guest_id = c.user_id)) AS conversations,
  (SELECT count(*) FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id
     WHERE NOT EXISTS (SELECT FROM cache_content_mapping p WHERE p.cache_id = m.id AND p.user_id = c.user_id)) AS unmapped`

describeOnBoth('the conversation store under a crowd', databases => {
  it('keeps one history of each conversation while messages, erasing, migrations, marks and embeddings race', async () => {
    const refusals: string[] = []
    const both = [watched(databases.database, refusals), watched(databases.other, refusals)]
    const crowd = new Crowd(both)
    let working = true
    const embedding = [embedUntil(both, () => !working), embedUntil(both, () => !working)]
    await Promise.all(Array.from({ length: 10 }, () => crowd.work(80)))
    working = false
    await Promise.all(embedding)
    await crowd.readAll()

    expect(checkHistory(crowd.log).map(violation => `${violation.kind}: ${violation.sentence}`)).toEqual([])
    expect(refusals).toEqual([])
    expect(await rowsOf(databases.database, orphansSql)).toEqual([
      { messages: 0, embeddings: 0, mappings: 0, waiting: 0, keys: 0, conversations: 0, unmapped: 0 },
    ])
    const kinds = new Set(crowd.log.map(operation => `${operation.kind} ${outcomeOf(operation)}`))
    for (const kind of [
      'append acknowledged',
      'append migrated',
      'read messages',
      'erase acknowledged',
      'migrate completed',
    ])
      expect(kinds).toContain(kind)
  }, 120_000)
})

function outcomeOf({ outcome }: HistoryOperation): string {
  return typeof outcome === 'string' ? outcome : outcome.kind
}

describeOnPostgres('the conversation store beside other programs', databases => {
  it('tries a batch again that PostgreSQL ended as a deadlock', async () => {
    const refusals: string[] = []
    const store = postgresConversationStore(watched(databases.database, refusals))
    const guestId = parseGuestId(`deadlocked-${randomUUID()}`)
    const [first] = await store.append([say({ kind: 'guest', guestId })], settings)
    if (first?.kind !== 'saved') throw new Error('The first message was not saved.')
    const appending = await databases.other.transaction(async transaction => {
      await transaction.run(foreign('SELECT FROM usage_metrics WHERE user_id = $1 FOR UPDATE', [guestId]))
      // Holds the conversation and waits for the usage row; we then ask for the conversation.
      const batch = store.append([say({ kind: 'guest', guestId })], settings)
      await somebodyWaits(databases.database)
      await transaction.run(foreign('SELECT FROM conversation_cache WHERE id = $1 FOR UPDATE', [first.conversationId]))
      return { batch }
    })
    expect(await appending.batch).toMatchObject([{ kind: 'saved', sequence: 1 }])
    expect(new Set(refusals)).toEqual(new Set(['40P01']))
  })

  it('counts many users at once without waiting in a circle, whatever the order of their messages', async () => {
    const refusals: string[] = []
    const stores = [databases.database, databases.other].map(database =>
      postgresConversationStore(watched(database, refusals)),
    )
    const users = Array.from({ length: 8 }, () => parseUserId(`counted-${randomUUID()}`))
    // Each server writes to conversations of its own: only the users' usage rows are shared.
    const writers = stores.map(async (store, index) => {
      const targets = await Promise.all(
        users.map(async userId => ({ kind: 'user', userId, ...(await store.createConversation(userId)) }) as const),
      )
      const ordered = index === 0 ? targets : targets.toReversed()
      for (let round = 0; round < 60; round += 1)
        await store.append(
          ordered.map(({ kind, userId, conversationId }) => say({ kind, userId, conversationId })),
          settings,
        )
    })
    await Promise.all(writers)
    expect(refusals).toEqual([])
    const usage = 'SELECT DISTINCT total_requests FROM usage_metrics WHERE user_id = ANY ($1)'
    expect(await rowsOf(databases.database, usage, [users])).toEqual([{ total_requests: 120 }])
  })
})

function foreign(text: string, values: readonly unknown[]) {
  return { text, values, labels: { queryType: 'OTHER', table: 'other' } } as const
}

async function somebodyWaits(database: Database): Promise<void> {
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
  while ((await rowsOf(database, waiting)).length === 0) await new Promise(resolve => setTimeout(resolve, 5))
}
