import type {
  AppendOutcome,
  AppendRequest,
  AppendSettings,
  ConversationId,
  ConversationRef,
  ConversationStore,
  GuestId,
  UserId,
} from 'reprise'
import type { AppendOperation, HistoryOperation, ReadOperation } from 'reprise/testing'

/** Writes down what is asked of stores, when, and what they answer; several stores may share one log. */
export class RecordedStore {
  readonly #store: ConversationStore
  readonly #log: HistoryOperation[]

  constructor(store: ConversationStore, log: HistoryOperation[]) {
    this.#store = store
    this.#log = log
  }

  async append(batch: readonly AppendRequest[], settings: AppendSettings): Promise<readonly AppendOutcome[]> {
    const [outcomes, startedAtMs, endedAtMs] = await timed(this.#store.append(batch, settings))
    batch.forEach(({ target, message, idempotency }, index) => {
      this.#log.push({
        kind: 'append',
        owner: target.kind === 'guest' ? target.guestId : target.userId,
        value: message.content,
        startedAtMs,
        endedAtMs,
        outcome: appendOutcomeOf(outcomes[index]),
        ...(idempotency && { idempotencyKey: idempotency.key }),
      })
    })
    return outcomes
  }

  async read(conversation: ConversationRef): Promise<readonly string[] | undefined> {
    const query = { afterSequence: -1, limit: 100_000, maxBytes: 100_000_000 }
    const [page, startedAtMs, endedAtMs] = await timed(this.#store.page(conversation, query))
    const values = page.kind === 'page' ? page.messages.map(message => message.content) : []
    const outcome: ReadOperation['outcome'] =
      page.kind === 'migrated' ? { kind: 'migrated' } : { kind: 'messages', values, stale: false }
    this.#log.push(
      conversation.kind === 'guest'
        ? { kind: 'read', owner: conversation.guestId, startedAtMs, endedAtMs, outcome }
        : {
            kind: 'read',
            owner: conversation.userId,
            conversationId: conversation.conversationId,
            startedAtMs,
            endedAtMs,
            outcome,
          },
    )
    return page.kind === 'page' ? values : undefined
  }

  async eraseGuest(guestId: GuestId): Promise<void> {
    const [erased, startedAtMs, endedAtMs] = await timed(this.#store.eraseGuest(guestId))
    const outcome = erased.kind === 'erased' ? 'acknowledged' : 'refused'
    this.#log.push({ kind: 'erase', owner: guestId, startedAtMs, endedAtMs, outcome })
  }

  async eraseConversation(userId: UserId, conversationId: ConversationId): Promise<void> {
    const [erased, startedAtMs, endedAtMs] = await timed(this.#store.eraseConversation(userId, conversationId))
    const outcome = erased.kind === 'erased' ? 'acknowledged' : 'refused'
    this.#log.push({ kind: 'erase', owner: userId, conversationId, startedAtMs, endedAtMs, outcome })
  }

  async migrate(guestId: GuestId, userId: UserId): Promise<boolean> {
    const [migrated, startedAtMs, endedAtMs] = await timed(this.#store.migrateGuest(guestId, userId))
    const outcome = migrated.kind === 'completed' ? 'completed' : 'refused'
    this.#log.push({ kind: 'migrate', guest: guestId, user: userId, startedAtMs, endedAtMs, outcome })
    return migrated.kind === 'completed'
  }
}

async function timed<Result>(work: Promise<Result>): Promise<[Result, startedAtMs: number, endedAtMs: number]> {
  const startedAtMs = performance.now()
  const result = await work
  return [result, startedAtMs, performance.now()]
}

function appendOutcomeOf(outcome: AppendOutcome | undefined): AppendOperation['outcome'] {
  switch (outcome?.kind) {
    case 'saved':
    case 'replayed':
      return { kind: 'acknowledged', conversationId: outcome.conversationId, sequence: outcome.sequence }
    case 'migrated':
      return { kind: 'migrated' }
    default:
      return { kind: 'refused' }
  }
}
