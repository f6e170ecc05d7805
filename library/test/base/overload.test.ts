import { setImmediate as nextTurn } from 'node:timers/promises'
import { gather } from 'reprise'
import { describe, expect, it } from 'vitest'
import { type ManualClock, manualClock } from '../embedded/manual-clock.ts'

const crowd = 10
const perBatch = 5

/** A gather whose batches take 5 ms each, as the clock has it; the process itself has all its time left. */
function played() {
  const clock: ManualClock = manualClock()
  const idle = { ms: () => clock.monotonicMs() }
  const ends: (() => void)[] = []
  const counts = { served: 0, refused: 0 }
  const ask = gather<number, number>({
    run: requests => new Promise(resolve => ends.push(() => resolve(requests))),
    maxBatch: perBatch,
    maxRunning: 1,
    maxWaiting: 10_000,
    overload: { crowd, clock, idleMs: () => idle.ms() },
  })
  const waits: number[] = []
  const send = () => {
    const sentAt = clock.monotonicMs()
    return ask(1).then(
      () => {
        counts.served += 1
        waits.push(clock.monotonicMs() - sentAt)
      },
      error => {
        expect(error).toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 })
        counts.refused += 1
      },
    )
  }
  /** One step: so many arrive, then a batch ends. */
  const step = async (arriving: number) => {
    for (let each = 0; each < arriving; each += 1) void send()
    await nextTurn()
    clock.advance(5)
    ends.shift()?.()
    await nextTurn()
  }
  return { ask, counts, waits, send, step, clock, idle }
}

describe('overload', () => {
  it('a crowd that comes at once is served, however long its queue', async () => {
    const { counts, step } = played()
    await step(500)
    for (let count = 0; count < 150; count += 1) await step(0)
    expect(counts).toEqual({ served: 500, refused: 0 })
  })

  it('callers who wait for their answers are never refused, however slow it is', async () => {
    const { counts, send, step, clock } = played()
    const caller = async () => {
      while (counts.served < 3_000) await send()
    }
    for (let count = 0; count < crowd; count += 1) void caller()
    for (let count = 0; count < 700; count += 1) {
      if (count % 100 === 0) clock.advance(2_000)
      await step(0)
    }
    expect(counts.refused).toBe(0)
    expect(counts.served).toBeGreaterThanOrEqual(3_000)
  })

  it('when twice as much comes as can be done, what is served is served soon', async () => {
    const { counts, waits, step } = played()
    for (let count = 0; count < 400; count += 1) await step(2 * perBatch)
    // Half of 4,000 can be done at best.
    expect(counts.served).toBeGreaterThan(1_900)
    expect(Math.max(...waits)).toBeLessThan(120)
    expect(Math.max(...waits.slice(200))).toBeLessThanOrEqual(20)
  })

  it('afterwards nobody is refused any more', async () => {
    const { counts, step } = played()
    for (let count = 0; count < 100; count += 1) await step(2 * perBatch)
    expect(counts.refused).toBeGreaterThan(0)
    // Half a second of less than can be done, then a crowd.
    for (let count = 0; count < 120; count += 1) await step(perBatch - 1)
    const { refused } = counts
    await step(50)
    for (let count = 0; count < 20; count += 1) await step(1)
    expect(counts.refused).toBe(refused)
  })

  it('while the process itself has no time left, nobody is refused: that would leave it less', async () => {
    const { counts, idle, step } = played()
    idle.ms = () => 0
    for (let count = 0; count < 30; count += 1) await step(2 * perBatch)
    expect(counts).toMatchObject({ refused: 0 })
  })

  it('who has begun to refuse stops when it leaves the process no time', async () => {
    const { counts, idle, step, clock } = played()
    for (let count = 0; count < 100; count += 1) await step(2 * perBatch)
    expect(counts.refused).toBeGreaterThan(0)
    const idleBefore = clock.monotonicMs()
    idle.ms = () => idleBefore
    for (let count = 0; count < 20; count += 1) await step(2 * perBatch)
    const { refused } = counts
    for (let count = 0; count < 30; count += 1) await step(2 * perBatch)
    expect(counts.refused).toBe(refused)
  })

  it('a queue in which nothing moves for a second takes no more', async () => {
    const { ask, counts, send, clock } = played()
    for (let count = 0; count < 100; count += 1) void send()
    await nextTurn()
    clock.advance(1_001)
    await send()
    // Those stay who came last; the oldest of the queue go.
    expect(counts.refused).toBe(100 - crowd + 1)
    expect(ask.waiting).toBe(crowd - perBatch)
  })
})
