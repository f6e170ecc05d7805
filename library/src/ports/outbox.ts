import type { ConversationId, MessageId } from '../base/message-id.ts'
import type { Embedding } from './embedder.ts'

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

/** Work that was promised in a message's own transaction and is carried out later, at least once. */
export interface Outbox {
  /** Claims up to `limit` due items for `leaseMs`; other workers skip them (FOR UPDATE SKIP LOCKED). */
  claim(limit: number, leaseMs: number): Promise<readonly OutboxItem[]>
  /** Stores embeddings and removes their items, in one transaction; what was erased meanwhile stays gone. Returns how many were stored. */
  complete(
    done: readonly { readonly item: OutboxItem; readonly embedding: Embedding }[],
    model: string,
  ): Promise<number>
  /** Gives an item back, to be tried again after `delayMs`. */
  retry(item: OutboxItem, delayMs: number, error: string): Promise<void>
  /** Sets an item aside after its last try. */
  bury(item: OutboxItem, error: string): Promise<void>
  counts(): Promise<OutboxCounts>
  listDead(limit: number): Promise<readonly DeadItem[]>
  /** Puts dead items back to work: all, or those named. Returns how many. */
  redrive(outboxIds: readonly string[] | 'all'): Promise<number>
  /** Enqueues up to `limit` messages that have no embedding of `model`. Returns how many. */
  enqueueMissing(model: string, limit: number): Promise<number>
}
