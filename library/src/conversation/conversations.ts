import type { Announcer } from '../base/announcer.ts'
import type { ConversationId } from '../base/chat/message-id.ts'
import type { GuestId, UserId } from '../base/chat/principal.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { ConversationCopies } from '../ports/chat/conversation-copies.ts'
import type {
  AppendSettings,
  ConversationRef,
  ConversationStore,
  ConversationSummary,
  ListQuery,
  MigrationOutcome,
  RowCounts,
} from '../ports/chat/conversation-store.ts'
import { type Append, createAppender } from './append.ts'
import type { ConversationEvents, StoreName } from './conversation-events.ts'
import { CopyDoubt } from './copy-doubt.ts'
import { createCopyRemoval } from './copy-removal.ts'
import { createCopyWriter } from './copy-writer.ts'
import { exportConversation } from './export.ts'
import { createGuestSecrets, type IssuedGuest } from './guest-secrets.ts'
import { createHistoryReader, type HistoryAnswer } from './history.ts'
import { createHistoryLoader } from './history-loader.ts'
import { OutgrownHistories } from './outgrown-histories.ts'
import { type CursorQuery, type PageAnswer, readPage } from './page.ts'

export interface ConversationsOptions {
  /** Where conversations are kept for good. */
  readonly store: ConversationStore
  /** The fast copy; without one PostgreSQL answers every read. */
  readonly copies?: ConversationCopies | undefined
  readonly announcer: Announcer<ConversationEvents>
  readonly settings: AppendSettings
  /** A history whose JSON is longer gets no copy, in bytes; 1 MiB by default, as the copies' own bound. */
  readonly maxCopyBytes?: number
  readonly clock?: Clock
}

export type EraseAnswer =
  | {
      readonly kind: 'erased'
      readonly deletedFrom: readonly StoreName[]
      /** What is away and will be deleted from when it is back. */
      readonly pending: readonly StoreName[]
      readonly rows: RowCounts
      /** Keys removed from the fast copy. */
      readonly copyKeys: number
    }
  | { readonly kind: 'migrated' }

export type EraseConversationAnswer =
  | { readonly kind: 'erased'; readonly rows: RowCounts }
  | { readonly kind: 'unknown' }

export interface CopyRepairs {
  readonly removed: number
  readonly refilled: number
}

/** Conversations of guests and users: kept for good in PostgreSQL, answered from a fast copy where that is the truth. */
export interface Conversations {
  /** Appends one message. Resolves when it is committed. */
  readonly append: Append
  /** A guest's whole history, as JSON bytes. */
  history(guestId: GuestId): Promise<HistoryAnswer>
  /** Whether more messages, or more readings of histories, come than can be answered: one more would be refused. */
  isRefusing(what: 'messages' | 'histories'): boolean
  /** A page of a conversation in order of sequence. */
  page(conversation: ConversationRef, query: CursorQuery): Promise<PageAnswer>
  /** A whole conversation as JSON lines. */
  exportLines(conversation: ConversationRef): Promise<AsyncIterable<string>>
  /** Removes all that a guest said, everywhere, with a receipt. */
  erase(guestId: GuestId): Promise<EraseAnswer>
  /** Hands a guest's conversations over to a user. */
  migrate(guestId: GuestId, userId: UserId): Promise<MigrationOutcome>
  createConversation(userId: UserId): Promise<ConversationSummary>
  /** A user's conversations, the last used first. */
  listConversations(userId: UserId, query: ListQuery): Promise<readonly ConversationSummary[]>
  eraseConversation(userId: UserId, conversationId: ConversationId): Promise<EraseConversationAnswer>
  /** Makes up a guest with a secret. */
  registerGuest(): Promise<IssuedGuest>
  /** Whether this is the guest's secret. */
  checkSecret(guestId: GuestId, secret: string): Promise<boolean>
  /**
   * Carries out what the copy still owes: removals, then messages it lacks. For now and then, and for when the copy comes
   * back; it `mayBeOlder` then, so that the removals of the last days are carried out again.
   */
  repairCopies(options?: { readonly mayBeOlder?: boolean }): Promise<CopyRepairs>
}

const mebibyte = 1024 * 1024
const repairBatch = 200

/**
 * The conversation room's one door.
 *
 * @example
 * const conversations = createConversations({ store, copies, announcer: new Announcer(), settings })
 * await conversations.append({ kind: 'guest', guestId }, { role: 'user', content: 'Hi', timestamp: undefined }, undefined)
 */
export function createConversations(options: ConversationsOptions): Conversations {
  const { store, copies, announcer, settings, clock = systemClock, maxCopyBytes = mebibyte } = options
  const outgrown = new OutgrownHistories(maxCopyBytes)
  const loader = createHistoryLoader({ store, copies, outgrown, announcer })
  const copyWriter = createCopyWriter({ store, copies, loader, outgrown, announcer, clock })
  const removal = createCopyRemoval({ store, copies, announcer, clock })
  const secrets = createGuestSecrets(store)
  const copyName = copies?.name
  const doubt = new CopyDoubt(copies)

  async function refillUnsynced(): Promise<number> {
    if (!copies?.isAvailable) return 0
    let refilled = 0
    for (const guestId of await store.unsyncedGuests(maxCopyBytes, repairBatch)) {
      if (!copies.isAvailable) return refilled
      if (await loader.refill(guestId, 0)) refilled += 1
    }
    return refilled
  }

  const appender = createAppender({ store, copies, outgrown, copyWriter, announcer, clock, settings })
  const histories = createHistoryReader({ store, copies, doubt, loader, announcer, clock })

  return {
    append: appender.append,
    history: histories.read,
    isRefusing: what => (what === 'messages' ? appender : histories).isRefusing,
    page: (conversation, query) => readPage(store, () => (doubt.isPresent ? undefined : copies), conversation, query),
    exportLines: conversation => exportConversation(store, conversation),
    erase: async guestId => {
      const outcome = await store.eraseGuest(guestId)
      if (outcome.kind === 'migrated') return outcome
      const copy = await removal.remove(guestId, outcome.epoch)
      const copyPending = copy.kind === 'pending'
      if (copyPending) doubt.raise()
      announcer.announce('erased', { owner: guestId, rows: outcome.rows, copyPending })
      return {
        kind: 'erased',
        deletedFrom: copyName !== undefined && !copyPending ? [copyName, 'postgresql'] : ['postgresql'],
        pending: copyName !== undefined && copyPending ? [copyName] : [],
        rows: outcome.rows,
        copyKeys: copy.kind === 'removed' ? copy.keys : 0,
      }
    },
    migrate: async (guestId, userId) => {
      const outcome = await store.migrateGuest(guestId, userId)
      if (outcome.kind !== 'completed') return outcome
      const copy = await removal.remove(guestId, outcome.epoch)
      if (copy.kind === 'pending') doubt.raise()
      const { conversations, messages } = outcome.receipt
      announcer.announce('migrated', { owner: guestId, conversations, messages, first: outcome.first })
      return outcome
    },
    createConversation: userId => store.createConversation(userId),
    listConversations: (userId, query) => store.listConversations(userId, query),
    eraseConversation: async (userId, conversationId) => {
      const outcome = await store.eraseConversation(userId, conversationId)
      if (outcome.kind === 'erased')
        announcer.announce('erased', { owner: userId, rows: outcome.rows, copyPending: false })
      return outcome
    },
    registerGuest: () => secrets.issue(),
    checkSecret: (guestId, secret) => secrets.check(guestId, secret),
    repairCopies: async ({ mayBeOlder = false } = {}) => {
      const settle = doubt.repairing(mayBeOlder)
      if (mayBeOlder) await store.reopenCopyDeletions()
      const removed = await removal.removePending()
      if (doubt.isPresent && (await store.pendingCopyDeletions(1)).length === 0) settle()
      return { removed, refilled: await refillUnsynced() }
    },
  }
}
