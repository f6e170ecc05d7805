/** When an operation began and ended, in milliseconds of one monotonic clock; unknown outcomes may still happen later. */
interface Timed {
  readonly startedAtMs: number
  readonly endedAtMs: number
}

export interface AppendOperation extends Timed {
  readonly kind: 'append'
  /** The guest or the user that it was sent for. Guests and users must not share a name. */
  readonly owner: string
  /** What tells this message from every other in a read, such as a content made unique. Only retries by key repeat it. */
  readonly value: string
  readonly idempotencyKey?: string
  readonly outcome:
    | { readonly kind: 'acknowledged'; readonly conversationId: string; readonly sequence: number }
    /** It was answered that nothing was stored. */
    | { readonly kind: 'refused' }
    /** The guest is a user by now. */
    | { readonly kind: 'migrated' }
    /** A lost connection, a time-out, a killed server. */
    | { readonly kind: 'unknown' }
}

/** A read of a whole history. */
export interface ReadOperation extends Timed {
  readonly kind: 'read'
  readonly owner: string
  /** Which conversation a user asked for; a guest has one. */
  readonly conversationId?: string
  readonly outcome: /** `stale`: marked as perhaps not the latest, as answers are while PostgreSQL is away. */
    | { readonly kind: 'messages'; readonly values: readonly string[]; readonly stale: boolean }
    | { readonly kind: 'migrated' }
    | { readonly kind: 'failed' }
}

export interface EraseOperation extends Timed {
  readonly kind: 'erase'
  readonly owner: string
  /** Which conversation a user erased; a guest's only one is erased. */
  readonly conversationId?: string
  readonly outcome: 'acknowledged' | 'refused' | 'unknown'
}

export interface MigrateOperation extends Timed {
  readonly kind: 'migrate'
  readonly guest: string
  readonly user: string
  readonly outcome: 'completed' | 'refused' | 'unknown'
}

export type HistoryOperation = AppendOperation | ReadOperation | EraseOperation | MigrateOperation

export type ViolationKind =
  /** An acknowledged message is in no read from some moment on. */
  | 'lost'
  /** A read lacks a message that was acknowledged, or read, before it began; a later read has it. */
  | 'stale_read'
  /** Nothing was read after the last acknowledgement, so that nothing is proven of it. */
  | 'unread'
  /** A message stands twice in a history, or two at one place. */
  | 'doubled'
  /** A sequence was given although there are not that many messages. */
  | 'gap'
  /** A message is not read at the place that was acknowledged. */
  | 'misplaced'
  /** A read is not the beginning of a longer one. */
  | 'not_a_prefix'
  /** A message that was acknowledged before another was sent has the higher sequence. */
  | 'out_of_order'
  /** A read holds what nobody sent, what was sent later, or what was refused. */
  | 'never_stored'
  /** A read holds what another guest or user said. */
  | 'foreign'
  /** The same key was answered with two places. */
  | 'replay_moved'
  /** An erased conversation was read or written afterwards. */
  | 'revived'
  /** A guest was migrated to two users. */
  | 'two_owners'
  /** A guest was read or written after its migration. */
  | 'used_after_migration'
  /** A guest was refused as migrated, and was not. */
  | 'never_migrated'

export interface Violation {
  readonly kind: ViolationKind
  /** What is wrong, for people. */
  readonly sentence: string
  readonly operations: readonly HistoryOperation[]
}
