import type { ConversationId, MessageId } from '../../base/chat/message-id.ts'
import type { Embedding } from '../embedder.ts'

/** A message that waits for its embedding, claimed by one worker for a while. */
export interface OutboxItem {
  readonly outboxId: string
  readonly messageId: MessageId
  readonly conversationId: ConversationId
  readonly content: string
  /** How often it was tried before. */
  readonly attempts: number
}

export interface OutboxCounts {
  readonly pending: number
  readonly dead: number
  /** Seconds since the oldest pending item was written. */
  readonly oldestPendingSeconds: number
}

export interface DeadItem {
  readonly outboxId: string
  readonly messageId: MessageId
  readonly conversationId: ConversationId
  readonly attempts: number
  readonly lastError: string
  readonly createdAt: Date
}

/** One step of a search for messages without an embedding. */
export type SearchOutcome =
  /** `next` is the last message looked at; undefined when there are no more. */
  | { readonly kind: 'searched'; readonly enqueued: number; readonly next: MessageId | undefined }
  /** Another worker searches just now; nothing was looked at. */
  | { readonly kind: 'busy' }

/** Work that was promised in a message's own transaction and is carried out later, at least once. */
export interface Outbox {
  /**
   * Claims up to `limit` due items for `leaseMs`, the longest due first; other workers skip them (FOR UPDATE SKIP
   * LOCKED). A claim counts as a try, so that a text that kills its worker runs out of tries too. Items whose message is
   * gone are removed.
   */
  claim(limit: number, leaseMs: number): Promise<readonly OutboxItem[]>
  /**
   * Stores embeddings and removes their items, in one transaction; what was erased meanwhile stays gone. Returns the
   * messages whose embedding was stored: not those erased, nor those that had one of this model already.
   */
  complete(
    done: readonly { readonly item: OutboxItem; readonly embedding: Embedding }[],
    model: string,
  ): Promise<readonly MessageId[]>
  /** Gives an item back, to be tried again after `delayMs`. Nothing happens when its lease ended and another worker has it. */
  retry(item: OutboxItem, delayMs: number, error: string): Promise<void>
  /** Gives items back untried, due at once. */
  release(items: readonly OutboxItem[]): Promise<void>
  /** Sets an item aside after its last try. Nothing happens when its lease ended and another worker has it. */
  bury(item: OutboxItem, error: string): Promise<void>
  counts(): Promise<OutboxCounts>
  listDead(limit: number): Promise<readonly DeadItem[]>
  /** Puts dead items back to work, their tries forgotten: all, or those named. Returns how many. */
  redrive(outboxIds: readonly string[] | 'all'): Promise<number>
  /**
   * Looks at the next `limit` messages after `after` in order of id, from the first when undefined, and enqueues those
   * that have neither an embedding of `model` nor an item. One search at a time over all workers.
   */
  enqueueMissing(model: string, limit: number, after: MessageId | undefined): Promise<SearchOutcome>
}
