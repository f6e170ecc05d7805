import type { GuestId } from '../../../base/chat/principal.ts'
import type { Copy } from '../../../ports/conversation-copies.ts'
import type { RedisReply } from '../connection/redis-connection.ts'

/** The copy itself: a string that holds a JSON array of messages. Other readers know this key. */
export const copyKey = (guestId: GuestId) => `guest:${guestId}`

/**
 * What the copy is worth: `epoch:nextSequence:bytes`. A dropped copy leaves `epoch:-`, a tombstone that fences late
 * writers. Lies in the copy's slot, so that one command reaches both.
 */
export const bookkeepingKey = (guestId: GuestId) => `reprise:copy:{guest:${guestId}}`

/** Held while one process fills the copy. */
export const fillClaimKey = (guestId: GuestId) => `reprise:fill:{guest:${guestId}}`

/** Where a history of an older system is set aside that could not be taken over; erasing the guest removes it too. */
export const asideKey = (guestId: GuestId) => `reprise:left:{guest:${guestId}}`

/** A copy is believed only where its bookkeeping is there and names its length: else somebody else wrote to it. */
export function believed(json: RedisReply | undefined, bookkeeping: RedisReply | undefined): Copy | undefined {
  if (!Buffer.isBuffer(json) || !Buffer.isBuffer(bookkeeping)) return undefined
  const match = /^(\d+):(\d+):(\d+)$/.exec(bookkeeping.toString('latin1'))
  if (match === null || Number(match[3]) !== json.byteLength) return undefined
  return { epoch: Number(match[1]), nextSequence: Number(match[2]), json }
}
