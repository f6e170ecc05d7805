import type { MessageId } from '../../../base/chat/message-id.ts'
import type { GuestId } from '../../../base/chat/principal.ts'
import type { Copy } from '../../../ports/chat/conversation-copies.ts'
import type { RedisReply } from '../connection/redis-connection.ts'

/** The copy itself: a string that holds a JSON array of messages. Other readers know this key. */
export const copyKey = (guestId: GuestId) => `guest:${guestId}`

/**
 * What the copy is worth: `epoch:nextSequence:bytes:head`, the head empty where no message is. A dropped copy leaves `epoch:-`, a tombstone that fences late
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
  const first = bookkeeping.indexOf(colon)
  const second = bookkeeping.indexOf(colon, first + 1)
  const epoch = digitsAt(bookkeeping, 0, first)
  const nextSequence = digitsAt(bookkeeping, first + 1, second)
  const third = bookkeeping.indexOf(colon, second + 1)
  const bytes = digitsAt(bookkeeping, second + 1, third)
  if (epoch === undefined || nextSequence === undefined || bytes !== json.byteLength) return undefined
  const head = bookkeeping.toString('latin1', third + 1)
  return { epoch, nextSequence, head: head === '' ? undefined : (head as MessageId), json }
}

const colon = 0x3a
const zero = 0x30

/** The number that the bytes spell; undefined when anything but digits is there. No text is made: every read comes by. */
function digitsAt(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to <= from) return undefined
  let number = 0
  for (let place = from; place < to; place += 1) {
    const digit = (bytes[place] ?? 0) - zero
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return number
}
