import { randomBytes } from 'node:crypto'

/** A message's UUID. */
export type MessageId = string & { readonly brand: 'MessageId' }

/** A conversation's UUID. */
export type ConversationId = string & { readonly brand: 'ConversationId' }

/**
 * A new UUID of version 7 (RFC 9562): its first 48 bits are the time, so that the index of a growing table is written at
 * its end rather than all over.
 */
export function newMessageId(nowMs: number): MessageId {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(nowMs, 0, 6)
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x70
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  return uuid as MessageId
}
