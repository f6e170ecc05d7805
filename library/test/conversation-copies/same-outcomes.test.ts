import { type Arbitrary, array, assert, asyncProperty, constantFrom, integer, oneof, record } from 'fast-check'
import { type ConversationCopies, type MessageId, parseGuestId } from 'reprise'
import { memoryConversationCopies } from 'reprise/memory-copies'
import { connectRedis, redisConversationCopies } from 'reprise/redis'
import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'

const small = integer({ min: 0, max: 4 })
const guest = constantFrom('a', 'b')
/** Which line of messages: a database that lost commits begins another one. */
const line = constantFrom(0, 0, 0, 1)
const step = oneof(
  {
    weight: 5,
    arbitrary: record({
      verb: constantFrom('append' as const),
      guest,
      epoch: small,
      from: small,
      count: integer({ min: 1, max: 3 }),
      line,
    }),
  },
  { weight: 2, arbitrary: record({ verb: constantFrom('fill' as const), guest, epoch: small, next: small, line }) },
  { weight: 1, arbitrary: record({ verb: constantFrom('drop' as const), guest, epoch: small }) },
  { weight: 1, arbitrary: record({ verb: constantFrom('long' as const), guest, epoch: small, from: small }) },
)
type Step = typeof step extends Arbitrary<infer Value> ? Value : never

const maxCopyBytes = 200
const idAt = (sequence: number, of = 0) => `${of}-${sequence}` as MessageId
const idBefore = (sequence: number, of = 0) => (sequence === 0 ? undefined : idAt(sequence - 1, of))
const text = (sequence: number) => `{"é":${sequence}}`
const texts = (from: number, count: number) => Array.from({ length: count }, (_, index) => text(from + index))

async function carryOut(copies: ConversationCopies, run: number, step: Step): Promise<unknown> {
  const guestId = parseGuestId(`${run}-${step.guest}`)
  switch (step.verb) {
    case 'append':
      return copies.append([
        {
          guestId,
          epoch: step.epoch,
          fromSequence: step.from,
          follows: idBefore(step.from, step.line),
          messages: texts(step.from, step.count).map((json, index) => ({
            id: idAt(step.from + index, step.line),
            json,
          })),
        },
      ])
    case 'long':
      return copies.append([
        {
          guestId,
          epoch: step.epoch,
          fromSequence: step.from,
          follows: idBefore(step.from),
          messages: [{ id: idAt(step.from), json: `"${'x'.repeat(maxCopyBytes)}"` }],
        },
      ])
    case 'fill':
      return copies.fill(guestId, {
        epoch: step.epoch,
        nextSequence: step.next,
        head: idBefore(step.next, step.line),
        json: Buffer.from(`[${texts(0, step.next)}]`),
      })
    case 'drop':
      return copies.drop(guestId, step.epoch)
  }
}

async function seen(copies: ConversationCopies, run: number) {
  const found = await copies.read(['a', 'b'].map(name => parseGuestId(`${run}-${name}`)))
  return found.map(copy => copy && [copy.epoch, copy.nextSequence, copy.head, Buffer.from(copy.json).toString()])
}

describeWith(['redis-server'], 'copies in memory and in Redis', () => {
  it('answer any sequence of calls alike, and keep the same bytes', async () => {
    await using server = await startRedis()
    const redis = await connectRedis({ url: server.url, commandTimeoutMs: 5_000, writeTimeoutMs: 5_000 })
    const [inRedis, inMemory] = [
      redisConversationCopies(redis, { maxCopyBytes }),
      memoryConversationCopies({ maxCopyBytes }),
    ]
    let run = 0
    await assert(
      asyncProperty(array(step, { maxLength: 30 }), async steps => {
        run += 1
        for (const step of steps) {
          expect(await carryOut(inRedis, run, step)).toEqual(await carryOut(inMemory, run, step))
          expect(await seen(inRedis, run)).toEqual(await seen(inMemory, run))
        }
      }),
      { numRuns: 300 },
    )
    await redis.close()
  })
})
