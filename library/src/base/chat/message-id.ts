import { randomUUID } from 'node:crypto'

/** A message's UUID. */
export type MessageId = string & { readonly brand: 'MessageId' }

/** A conversation's UUID. */
export type ConversationId = string & { readonly brand: 'ConversationId' }

/**
 * A new UUID of version 7 (RFC 9562): its first 48 bits are the time, so that the index of a growing table is written at
 * its end rather than all over. The rest is that of a random UUID, which Node makes from entropy drawn in bulk.
 */
export function newMessageId(nowMs: number): MessageId {
  const time = nowMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}` as MessageId
}
