import type { CopyAppend, GuestId, MessageId } from 'reprise'

/** The id that these tests give the message of a place. */
export function idAt(sequence: number): MessageId {
  return `id-${sequence}` as MessageId
}

export function appendOf(guestId: GuestId, epoch: number, fromSequence: number, texts: readonly string[]): CopyAppend {
  const messages = texts.map((json, index) => ({ id: idAt(fromSequence + index), json }))
  return { guestId, epoch, fromSequence, follows: fromSequence === 0 ? undefined : idAt(fromSequence - 1), messages }
}
