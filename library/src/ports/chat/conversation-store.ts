import type { Message } from '../../base/chat/message.ts'
import type { ConversationId, MessageId } from '../../base/chat/message-id.ts'
import type { GuestId, UserId } from '../../base/chat/principal.ts'
import type { Instant } from '../../base/instant.ts'

/** Whose conversation a message goes to: a guest has one, a user many. */
export type AppendTarget =
  | { readonly kind: 'guest'; readonly guestId: GuestId }
  | { readonly kind: 'user'; readonly userId: UserId; readonly conversationId: ConversationId }

export interface AppendRequest {
  readonly target: AppendTarget
  readonly messageId: MessageId
  readonly message: Message
  /** SHA-256 of the content, 64 hex digits. */
  readonly contentHash: string
  /** What `cache_content_mapping.is_synced` says at first: whether the fast copy is expected to hold the message. */
  readonly isSynced: boolean
  /** The caller's key of this append, and a fingerprint of what it sent under it. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | undefined
}

/** Where a message stands once it is committed. `sequence` counts from 0 within its conversation. */
export interface Place {
  readonly messageId: MessageId
  readonly conversationId: ConversationId
  readonly sequence: number
}

export type AppendOutcome =
  /** Committed. `epoch` fences the fast copy; `headBefore` is the conversation's head before the batch. */
  | ({ readonly kind: 'saved'; readonly epoch: number; readonly headBefore: Head } & Place)
  /** The same key and body came before: the first answer again. */
  | ({ readonly kind: 'replayed'; readonly isSynced: boolean } & Place)
  /** The same key came before with another body. */
  | { readonly kind: 'key_conflict' }
  | { readonly kind: 'over_quota'; readonly limit: number }
  /** The guest has become a user. */
  | { readonly kind: 'migrated' }
  | { readonly kind: 'unknown_conversation' }
  /** What this message holds was refused by the store; the others of its batch were carried out. */
  | { readonly kind: 'failed'; readonly error: Error }

export interface AppendSettings {
  /** Whether messages past the monthly limit are refused. */
  readonly enforceQuota: boolean
  /** The limit that a new guest's usage row gets. */
  readonly guestMonthlyLimit: number
  /** Whether each message also gets an outbox row for its embedding. */
  readonly embed: boolean
}

/** The id of a conversation's last message; undefined before there is one, or where it is older than this mark. */
export type Head = MessageId | undefined

/** What PostgreSQL says of a guest: (epoch, nextSequence, head) tells whether a copy is the truth. */
export type Fence =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'migrated' }
  | {
      readonly kind: 'active'
      readonly epoch: number
      readonly conversationId: ConversationId
      readonly nextSequence: number
      readonly head: Head
      readonly contentBytes: number
    }

/** Which conversation is read. */
export type ConversationRef =
  | { readonly kind: 'guest'; readonly guestId: GuestId }
  | { readonly kind: 'user'; readonly userId: UserId; readonly conversationId: ConversationId }

export interface StoredMessage extends Message {
  readonly messageId: MessageId
  readonly sequence: number
}

export interface PageQuery {
  /** Messages with a higher sequence are read; -1 reads from the start. */
  readonly afterSequence: number
  /** At most this many messages. */
  readonly limit: number
  /** The page ends before its contents pass this many bytes, but holds at least one message. */
  readonly maxBytes: number
}

export type PageOutcome =
  | {
      readonly kind: 'page'
      readonly messages: readonly StoredMessage[]
      readonly nextSequence: number
      readonly head: Head
      readonly epoch: number
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'migrated' }

export interface ConversationSummary {
  readonly conversationId: ConversationId
  readonly messageCount: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** A place in the list of a user's conversations: what comes after it was used earlier. */
export type ListPlace = Pick<ConversationSummary, 'updatedAt' | 'conversationId'>

export interface ListQuery {
  readonly limit: number
  /** How many are passed over, from `after` on. */
  readonly offset: number
  readonly after?: ListPlace | undefined
}

/** The fast copy owes that nothing of this guest below `epoch` is left. */
export interface CopyDeletion {
  readonly guestId: GuestId
  readonly epoch: number
}

/** Rows removed, by table. */
export type RowCounts = Readonly<Record<string, number>>

export type EraseOutcome =
  /** `epoch` is the raised one: whatever carries a lower one must not be kept any more. */
  { readonly kind: 'erased'; readonly epoch: number; readonly rows: RowCounts } | { readonly kind: 'migrated' }

export interface MigrationReceipt {
  readonly migrationId: string
  readonly guestId: GuestId
  readonly userId: UserId
  readonly conversations: number
  readonly messages: number
  readonly startedAt: Instant
  readonly completedAt: Instant
  readonly notes: string
}

export type MigrationOutcome =
  /** `epoch` is the raised one, `first` false when the same user asked before. */
  | { readonly kind: 'completed'; readonly first: boolean; readonly epoch: number; readonly receipt: MigrationReceipt }
  | { readonly kind: 'other_user' }
  | { readonly kind: 'unknown' }

/**
 * Where conversations are kept for good. Every method is one transaction (or reads one snapshot); an outcome that a
 * caller can act on is returned, and what is thrown is a RepriseError `database_unavailable` (nothing was stored),
 * `outcome_unknown` (the COMMIT may or may not have happened), or a defect.
 */
export interface ConversationStore {
  /**
   * Appends a batch in the order given; the outcomes stand in the order of the requests. It is one transaction, unless
   * one message makes it fail: then each is a transaction of its own.
   */
  append(batch: readonly AppendRequest[], settings: AppendSettings): Promise<readonly AppendOutcome[]>
  /** The fences of many guests by one primary-key query, in the order asked. */
  fences(guestIds: readonly GuestId[]): Promise<readonly Fence[]>
  /** One page of a conversation in order of sequence. */
  page(conversation: ConversationRef, query: PageQuery): Promise<PageOutcome>
  /** Notes whether the fast copy holds these messages (`cache_content_mapping.is_synced`). */
  markSynced(messageIds: readonly MessageId[], isSynced: boolean): Promise<void>
  /** The same for all messages of a conversation below `nextSequence`. */
  markConversationSynced(conversationId: ConversationId, nextSequence: number, isSynced: boolean): Promise<void>
  /**
   * Guests with messages that the fast copy lacks, of those whose history is at most `maxCopyBytes` long as JSON, by a
   * lower bound (a larger one has no copy).
   */
  unsyncedGuests(maxCopyBytes: number, limit: number): Promise<readonly GuestId[]>
  /** Removes all that a guest said, raises its epoch, and notes the fast copy's deletion as pending. */
  eraseGuest(guestId: GuestId): Promise<EraseOutcome>
  /** Removes one conversation of a user. */
  eraseConversation(
    userId: UserId,
    conversationId: ConversationId,
  ): Promise<{ readonly kind: 'erased'; readonly rows: RowCounts } | { readonly kind: 'unknown' }>
  /** Hands a guest's conversations over to a user, with its audit row; a failed attempt leaves an audit row too. */
  migrateGuest(guestId: GuestId, userId: UserId): Promise<MigrationOutcome>
  createConversation(userId: UserId): Promise<ConversationSummary>
  /**
   * A user's conversations, the last used first. A walk by `after` meets none twice; one that is used meanwhile moves to
   * the front.
   */
  listConversations(userId: UserId, query: ListQuery): Promise<readonly ConversationSummary[]>
  /** Copy deletions that are still to be carried out, oldest first, from `offset` on (0 when left out). */
  pendingCopyDeletions(limit: number, offset?: number): Promise<readonly CopyDeletion[]>
  /** Notes that copy deletions were carried out, each up to its epoch. */
  settleCopyDeletions(deletions: readonly CopyDeletion[]): Promise<void>
  /** Makes deletions pending again that were carried out: the copy has come back and may hold an older state. */
  reopenCopyDeletions(): Promise<void>
  /** Forgets copy deletions that were carried out, or noted in vain, before `before`; returns how many. */
  forgetCopyDeletions(before: Instant): Promise<number>
  /** Guests whose last message is older than `before`, oldest first. */
  idleGuests(before: Instant, limit: number): Promise<readonly GuestId[]>
  /** Keeps the hash of an issued secret. False when the guest exists already. */
  registerGuest(guestId: GuestId, secretHash: string): Promise<boolean>
  /** The hash of a guest's secret; undefined when none was issued. */
  secretHash(guestId: GuestId): Promise<string | undefined>
  /** Drops idempotency keys older than `before`, at most `limit`; returns how many. */
  forgetIdempotencyKeys(before: Instant, limit: number): Promise<number>
}
