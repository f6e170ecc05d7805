import { deepEqual, equal, ok } from 'node:assert/strict'
import { historyJson, type Message, messageJson } from '../base/chat/message.ts'
import type { MessageId } from '../base/chat/message-id.ts'
import type { GuestId } from '../base/chat/principal.ts'
import type { ConversationCopies, CopyAppend, CopyAppendOutcome } from '../ports/chat/conversation-copies.ts'
import type { ContractCase } from './contract-case.ts'

export interface ConversationCopiesUnderTest {
  readonly copies: ConversationCopies
  /** The bound that the copies were opened with: room for a few messages, at most 100,000 bytes. */
  readonly maxCopyBytes: number
}

/**
 * What every driver of the `ConversationCopies` port promises. The cases use guests of their own, so that one open
 * driver can serve them all.
 */
export function conversationCopiesSuite(open: () => Promise<ConversationCopiesUnderTest>): readonly ContractCase[] {
  const promises: Record<string, (copies: ConversationCopies, guest: GuestId, maxCopyBytes: number) => Promise<void>> =
    {
      'begins a copy with the first message and reads its very bytes': async (copies, guest) => {
        equal(await append(copies, guest, 0, 0, 1), 'appended')
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 1, text: history(0, 1) })
      },
      'appends what comes next, one message or several, whatever characters they hold': async (copies, guest) => {
        equal(await append(copies, guest, 0, 0, 1), 'appended')
        equal(await append(copies, guest, 0, 1, 1), 'appended')
        equal(await append(copies, guest, 0, 2, 5), 'appended')
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 7, text: history(0, 7) })
      },
      'tells an append that comes early from one that is present already': async (copies, guest) => {
        await append(copies, guest, 0, 0, 3)
        equal(await append(copies, guest, 0, 4, 1), 'early')
        equal(await append(copies, guest, 0, 0, 3), 'present')
        equal(await append(copies, guest, 0, 2, 1), 'present')
        equal(await append(copies, guest, 0, 1, 1), 'absent')
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 3, text: history(0, 3) })
      },
      'takes from an append that overlaps only what is missing': async (copies, guest) => {
        await append(copies, guest, 0, 0, 3)
        equal(await append(copies, guest, 0, 1, 4), 'appended')
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 5, text: history(0, 5) })
      },
      'tells the last message that it holds, and what is appended, filled and begun anew moves it': async (
        copies,
        guest,
      ) => {
        const head = async () => (await copies.read([guest]))[0]?.head
        await append(copies, guest, 0, 0, 3)
        equal(await head(), idAt(2))
        await append(copies, guest, 0, 2, 3)
        equal(await head(), idAt(4))
        await fill(copies, guest, 0, 7)
        equal(await head(), idAt(6))
        await fill(copies, guest, 1, 0)
        equal(await head(), undefined)
        await append(copies, guest, 1, 0, 1)
        equal(await head(), idAt(0))
      },
      'drops a copy of another line rather than append to it': async (copies, guest) => {
        for (const [from, count] of [
          [5, 1],
          [3, 2],
          [3, 4],
          [0, 5],
        ] as const) {
          await append(copies, guest, 0, 0, 5)
          deepEqual(await copies.append([appendOf(guest, 0, from, count, 1)]), ['absent'])
          equal(await read(copies, guest), undefined)
        }
        equal(await fill(copies, guest, 0, 4), 'filled')
        equal(await append(copies, guest, 0, 4, 1), 'appended')
      },
      'has nothing to append to where no copy is': async (copies, guest) => {
        equal(await append(copies, guest, 0, 3, 1), 'absent')
        equal(await read(copies, guest), undefined)
      },
      'reads many copies in the order asked': async (copies, guest) => {
        const guests = Array.from({ length: 200 }, (_, index) => `${guest}.${index}` as GuestId)
        await copies.append(guests.map((guestId, index) => appendOf(guestId, 0, 0, (index % 3) + 1)))
        const reversed = guests.toReversed()
        const found = await copies.read([...reversed, guest])
        deepEqual(
          found.map(copy => copy?.nextSequence),
          [...reversed.map((_, index) => ((199 - index) % 3) + 1), undefined],
        )
      },
      'appends for many guests in one call and answers each in its place': async (copies, guest) => {
        const guests = Array.from({ length: 600 }, (_, index) => `${guest}.${index}` as GuestId)
        const outcomes = await copies.append(guests.map((guestId, index) => appendOf(guestId, 0, index % 2, 1)))
        deepEqual(
          outcomes,
          guests.map((_, index) => (index % 2 === 0 ? 'appended' : 'absent')),
        )
      },
      'keeps the order of appends that are sent without waiting': async (copies, guest) => {
        const sent = Array.from({ length: 100 }, (_, sequence) => append(copies, guest, 0, sequence, 1))
        ok((await Promise.all(sent)).every(outcome => outcome === 'appended'))
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 100, text: history(0, 100) })
      },
      'never changes bytes that were read': async (copies, guest) => {
        await append(copies, guest, 0, 0, 2)
        const [before] = await copies.read([guest])
        await append(copies, guest, 0, 2, 2)
        await read(copies, guest)
        equal(before && textOf(before.json), history(0, 2))
      },
      'drops a copy and says whether one was there': async (copies, guest) => {
        await append(copies, guest, 0, 0, 2)
        equal(await copies.drop(guest, 1), true)
        equal(await read(copies, guest), undefined)
        equal(await copies.drop(guest, 1), false)
      },
      'refuses late appends and fills of a lower epoch after a drop': async (copies, guest) => {
        await append(copies, guest, 0, 0, 2)
        await copies.drop(guest, 1)
        equal(await append(copies, guest, 0, 0, 1), 'fenced')
        equal(await append(copies, guest, 0, 2, 1), 'fenced')
        equal(await fill(copies, guest, 0, 2), 'fenced')
        equal(await read(copies, guest), undefined)
      },
      'fences a guest that never had a copy': async (copies, guest) => {
        equal(await copies.drop(guest, 4), false)
        equal(await append(copies, guest, 3, 0, 1), 'fenced')
      },
      'begins anew in the raised epoch': async (copies, guest) => {
        await append(copies, guest, 0, 0, 2)
        await copies.drop(guest, 1)
        equal(await append(copies, guest, 1, 1, 1), 'absent')
        equal(await append(copies, guest, 1, 0, 1), 'appended')
        deepEqual(await read(copies, guest), { epoch: 1, nextSequence: 1, text: history(0, 1) })
      },
      'leaves a copy of a later epoch alone when a drop comes late': async (copies, guest) => {
        await append(copies, guest, 2, 0, 1)
        equal(await copies.drop(guest, 1), false)
        deepEqual(await read(copies, guest), { epoch: 2, nextSequence: 1, text: history(0, 1) })
      },
      'lets an append of a later epoch end the old copy before its drop arrives': async (copies, guest) => {
        await append(copies, guest, 0, 0, 3)
        equal(await append(copies, guest, 1, 1, 1), 'absent')
        equal(await read(copies, guest), undefined)
        equal(await append(copies, guest, 0, 3, 1), 'fenced')
        await append(copies, guest, 1, 0, 3)
        equal(await append(copies, guest, 2, 0, 1), 'appended')
        deepEqual(await read(copies, guest), { epoch: 2, nextSequence: 1, text: history(0, 1) })
      },
      'fills a copy and appends to it': async (copies, guest) => {
        equal(await fill(copies, guest, 3, 4), 'filled')
        equal(await append(copies, guest, 3, 4, 1), 'appended')
        deepEqual(await read(copies, guest), { epoch: 3, nextSequence: 5, text: history(0, 5) })
      },
      'fills an empty history and appends to it': async (copies, guest) => {
        equal(await fill(copies, guest, 0, 0), 'filled')
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 0, text: '[]' })
        equal(await append(copies, guest, 0, 0, 2), 'appended')
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 2, text: history(0, 2) })
      },
      'keeps a newer copy when an older fill comes late': async (copies, guest) => {
        await append(copies, guest, 0, 0, 5)
        equal(await fill(copies, guest, 0, 4), 'newer')
        equal(await fill(copies, guest, 0, 5), 'filled')
        equal(await fill(copies, guest, 0, 6), 'filled')
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 6, text: history(0, 6) })
      },
      'fills over a copy of a lower epoch, however long': async (copies, guest) => {
        await append(copies, guest, 0, 0, 5)
        equal(await fill(copies, guest, 1, 1), 'filled')
        deepEqual(await read(copies, guest), { epoch: 1, nextSequence: 1, text: history(0, 1) })
      },
      'drops a copy that grows past its bound, and takes a smaller one again': async (copies, guest, maxCopyBytes) => {
        await append(copies, guest, 0, 0, 1)
        deepEqual(await copies.append([longAppendOf(guest, 1, maxCopyBytes)]), ['dropped'])
        equal(await read(copies, guest), undefined)
        equal(await append(copies, guest, 0, 2, 1), 'absent')
        equal(await fill(copies, guest, 0, 3), 'filled')
        deepEqual(await read(copies, guest), { epoch: 0, nextSequence: 3, text: history(0, 3) })
      },
      'begins no copy that is past its bound at once': async (copies, guest, maxCopyBytes) => {
        deepEqual(await copies.append([longAppendOf(guest, 0, maxCopyBytes)]), ['dropped'])
        equal(await read(copies, guest), undefined)
      },
      'refuses a fill past the bound': async (copies, guest, maxCopyBytes) => {
        const json = Buffer.from(`["${'x'.repeat(maxCopyBytes)}"]`)
        equal(await copies.fill(guest, { epoch: 0, nextSequence: 1, head: idAt(0), json }), 'too_large')
        equal(await read(copies, guest), undefined)
      },
      'lets one of a crowd fill, and the next after it has filled': async (copies, guest) => {
        const claims = await Promise.all(Array.from({ length: 20 }, () => copies.claimFill(guest)))
        equal(claims.filter(claimed => claimed).length, 1)
        await fill(copies, guest, 0, 1)
        equal(await copies.claimFill(guest), true)
      },
      'takes nothing for an empty request': async copies => {
        deepEqual(await copies.read([]), [])
        deepEqual(await copies.append([]), [])
      },
    }
  return Object.entries(promises).map(([name, promise], index) => ({
    name,
    run: async () => {
      const { copies, maxCopyBytes } = await open()
      await promise(copies, `suite-${index}` as GuestId, maxCopyBytes)
    },
  }))
}

/** Messages of one to four bytes a character, with what JSON must escape. */
function messageAt(sequence: number): Message {
  const words = ['hello', 'grüß dich', 'こんにちは', '👋🏽 "quoted"\\\n', ']', ',', ']}],[{']
  // The instant has the form that `Instant` asks for.
  const timestamp = `2026-01-31T12:00:${String(sequence % 60).padStart(2, '0')}.000Z` as Message['timestamp']
  return { role: sequence % 2 === 0 ? 'user' : 'assistant', content: `${words[sequence % 7]} ${sequence}`, timestamp }
}

function messagesFrom(fromSequence: number, count: number): Message[] {
  return Array.from({ length: count }, (_, index) => messageAt(fromSequence + index))
}

function history(fromSequence: number, count: number): string {
  return historyJson(messagesFrom(fromSequence, count))
}

/** The id of the message at a place, in the line of messages that a number names. */
function idAt(sequence: number, line = 0): MessageId {
  // The form of a UUID, which is all that a `MessageId` is.
  return `00000000-0000-7000-800${line}-${String(sequence).padStart(12, '0')}` as MessageId
}

function idBefore(sequence: number, line = 0): MessageId | undefined {
  return sequence === 0 ? undefined : idAt(sequence - 1, line)
}

function appendOf(guestId: GuestId, epoch: number, fromSequence: number, count: number, line = 0): CopyAppend {
  const messages = messagesFrom(fromSequence, count).map((message, index) => ({
    id: idAt(fromSequence + index, line),
    json: messageJson(message),
  }))
  return { guestId, epoch, fromSequence, follows: idBefore(fromSequence, line), messages }
}

function longAppendOf(guestId: GuestId, fromSequence: number, bytes: number): CopyAppend {
  const json = messageJson({ ...messageAt(fromSequence), content: 'x'.repeat(bytes) })
  return { ...appendOf(guestId, 0, fromSequence, 1), messages: [{ id: idAt(fromSequence), json }] }
}

async function append(
  copies: ConversationCopies,
  guestId: GuestId,
  epoch: number,
  fromSequence: number,
  count: number,
): Promise<CopyAppendOutcome | undefined> {
  const [outcome] = await copies.append([appendOf(guestId, epoch, fromSequence, count)])
  return outcome
}

function fill(copies: ConversationCopies, guestId: GuestId, epoch: number, nextSequence: number) {
  return copies.fill(guestId, {
    epoch,
    nextSequence,
    head: idBefore(nextSequence),
    json: Buffer.from(history(0, nextSequence)),
  })
}

async function read(copies: ConversationCopies, guestId: GuestId) {
  const [copy] = await copies.read([guestId])
  return copy && { epoch: copy.epoch, nextSequence: copy.nextSequence, text: textOf(copy.json) }
}

function textOf(json: Uint8Array): string {
  return Buffer.from(json).toString('utf8')
}
