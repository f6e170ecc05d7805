import type { MessageId } from '../../base/chat/message-id.ts'
import type { GuestId } from '../../base/chat/principal.ts'
import type { Head } from './conversation-store.ts'

/** A guest's history as the fast copy holds it. True only while (epoch, nextSequence, head) is what PostgreSQL says. */
export interface Copy {
  readonly epoch: number
  readonly nextSequence: number
  /** The last message that it holds. */
  readonly head: Head
  /** The JSON array of messages, UTF-8: the very bytes of the answer. */
  readonly json: Uint8Array
}

/** A key of a guest's history, as a walk over all of them finds it. */
export interface ScannedCopy {
  readonly guestId: GuestId
  /** The copy that Reprise wrote. */
  readonly copy: Copy | undefined
  /** What another system left under the key: a string as it is, a list of JSON messages as one JSON array. */
  readonly foreign: Uint8Array | undefined
}

export interface CopyMessage {
  readonly id: MessageId
  readonly json: string
}

export interface CopyAppend {
  readonly guestId: GuestId
  readonly epoch: number
  /** The sequence of the first message. */
  readonly fromSequence: number
  /** The message before the first one. A copy that ends with another one is of another line, and is dropped. */
  readonly follows: Head
  /** In order of sequence. */
  readonly messages: readonly CopyMessage[]
}

export type CopyAppendOutcome =
  | 'appended'
  /** The copy lacks messages before this one: another process may be about to append them. */
  | 'early'
  /** The copy holds these messages already. */
  | 'present'
  /** The guest was erased or migrated meanwhile; nothing was kept. */
  | 'fenced'
  /**
   * There is no copy to append to (expired, evicted, dropped, of another line), or one that is past these messages, of
   * which PostgreSQL must tell whether it holds them; the next read fills it.
   */
  | 'absent'
  /** The copy passed its bound and was dropped; PostgreSQL serves. */
  | 'dropped'

/**
 * The fast copy of guests' histories: Redis, or this process's memory. It may lose anything at any time and never
 * decides. Every method rejects with a RepriseError `copy_unavailable` within its own small limit when the copy cannot
 * be reached; none hangs.
 */
export interface ConversationCopies {
  /** How answers name it in `stored_in` and `deleted_from`. */
  readonly name: 'redis' | 'memory'
  /** False while calls would fail at once. */
  readonly isAvailable: boolean
  /** Calls back when the copy was away and can be reached again. Returns a function that ends it. */
  onReturn(listener: () => void): () => void
  /** The copies of many guests in one go, in the order asked. */
  read(guestIds: readonly GuestId[]): Promise<readonly (Copy | undefined)[]>
  /**
   * Appends to many copies in one call, renewing their lifetime. A copy with nothing before it is begun when
   * `fromSequence` is 0. At most one entry per guest.
   */
  append(appends: readonly CopyAppend[]): Promise<readonly CopyAppendOutcome[]>
  /** Whether the caller may fill this guest's copy now; held a few seconds, so that a crowd fills once. */
  claimFill(guestId: GuestId): Promise<boolean>
  /** Keeps a copy read from PostgreSQL, unless a newer one is there (`newer`) or the guest was erased since (`fenced`). */
  fill(guestId: GuestId, copy: Copy): Promise<'filled' | 'newer' | 'fenced' | 'too_large'>
  /** Removes a guest's copy; whatever carries an epoch below `epoch` is refused from then on. True when one was there. */
  drop(guestId: GuestId, epoch: number): Promise<boolean>
  close(): Promise<void>
}
