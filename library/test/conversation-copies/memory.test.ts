import { type Clock, type GuestId, parseGuestId } from 'reprise'
import { memoryConversationCopies } from 'reprise/memory-copies'
import { expect, it } from 'vitest'
import { appendOf, idAt } from './append-of.ts'

function clockAt(start: number): Clock & { advance(ms: number): void } {
  let nowMs = start
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async () => {},
    advance: ms => {
      nowMs += ms
    },
  }
}

const guests = (count: number) => Array.from({ length: count }, (_, index) => parseGuestId(`guest-${index}`))
const message = `"${'x'.repeat(998)}"`
const begin = (guestId: GuestId) => appendOf(guestId, 0, 0, [message])

it('B2 forgets a copy a day after its last message; each message renews its life', async () => {
  const clock = clockAt(1_000)
  const copies = memoryConversationCopies({ clock })
  const [guest] = guests(1) as [GuestId]
  await copies.append([begin(guest)])
  clock.advance(86_399_999)
  expect(await copies.append([appendOf(guest, 0, 1, [message])])).toEqual(['appended'])
  clock.advance(86_399_999)
  expect((await copies.read([guest]))[0]?.nextSequence).toBe(2)
  clock.advance(1)
  expect((await copies.read([guest]))[0]).toBeUndefined()
})

it('keeps within its bytes: the copies unused longest go', async () => {
  const copies = memoryConversationCopies({ maxBytes: 100_000 })
  const all = guests(1_000)
  const [first] = all as [GuestId]
  for (const guest of all) {
    await copies.append([begin(guest)])
    await copies.read([first])
  }
  const found = (await copies.read(all)).flatMap((copy, index) => (copy ? [index] : []))
  expect(found.length).toBeGreaterThan(50)
  expect(found.length).toBeLessThanOrEqual(100)
  expect(found).toContain(0)
  expect(found).toContain(999)
  expect(found).not.toContain(1)
})

it('counts what is appended and what is filled against its bytes', async () => {
  const copies = memoryConversationCopies({ maxBytes: 50_000 })
  const [one, other, third] = guests(3) as [GuestId, GuestId, GuestId]
  await copies.append([begin(one), begin(other)])
  for (let sequence = 1; sequence < 48; sequence += 1) {
    await copies.append([appendOf(other, 0, sequence, [message])])
  }
  expect((await copies.read([one, other])).map(copy => copy?.nextSequence)).toEqual([undefined, 48])
  await copies.fill(third, { epoch: 0, nextSequence: 1, head: idAt(0), json: Buffer.from(`[${message}]`) })
  await copies.fill(third, { epoch: 0, nextSequence: 2, head: idAt(1), json: Buffer.from(`[${message},${message}]`) })
  expect((await copies.read([other, third])).map(copy => copy?.nextSequence)).toEqual([undefined, 2])
})

it('remembers as many dropped guests as it was told to, the latest', async () => {
  const copies = memoryConversationCopies({ maxTombstones: 10 })
  const all = guests(20)
  for (const guest of all) await copies.drop(guest, 1)
  const outcomes = await copies.append(all.map(begin))
  expect(outcomes).toEqual([...Array(10).fill('appended'), ...Array(10).fill('fenced')])
})

it('lets another fill when the first has not within seconds', async () => {
  const clock = clockAt(0)
  const copies = memoryConversationCopies({ clock })
  const [guest] = guests(1) as [GuestId]
  expect(await copies.claimFill(guest)).toBe(true)
  clock.advance(2_999)
  expect(await copies.claimFill(guest)).toBe(false)
  clock.advance(1)
  expect(await copies.claimFill(guest)).toBe(true)
})
