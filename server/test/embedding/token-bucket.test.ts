import type { Clock } from 'reprise'
import { describe, expect, it } from 'vitest'
import { backOffMs, fullJitter } from '../../src/workers/back-off.ts'
import { TokenBucket } from '../../src/workers/token-bucket.ts'

function handClock() {
  let now = 1_000_000
  const clock: Clock = { now: () => now, monotonicMs: () => now, sleep: async () => {} }
  return { clock, advance: (durationMs: number) => (now += durationMs) }
}

describe('the token bucket', () => {
  it('lets a burst through at once and then so many a second', () => {
    const { clock, advance } = handClock()
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, clock)
    expect(bucket.waitMs(5)).toBe(0)
    bucket.take(5)
    expect(bucket.waitMs(1)).toBe(100)
    expect(bucket.waitMs(3)).toBe(300)
    advance(250)
    expect(bucket.waitMs(2)).toBe(0)
    expect(bucket.waitMs(3)).toBe(50)
  })

  it('holds no more than its burst, however long it rests', () => {
    const { clock, advance } = handClock()
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, clock)
    advance(3_600_000)
    bucket.take(5)
    expect(bucket.waitMs(1)).toBe(100)
  })

  it('makes up for what was overdrawn, and asks for no more than it holds', () => {
    const { clock, advance } = handClock()
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, clock)
    bucket.take(25)
    expect(bucket.waitMs(100)).toBe(2_500)
    advance(2_500)
    expect(bucket.waitMs(100)).toBe(0)
  })
})

describe('the back-off', () => {
  it('grows by its factor up to its bound', () => {
    const backOff = { firstMs: 5_000, factor: 4, maxMs: 3_600_000 }
    const bounds = [1, 2, 3, 4, 5, 6, 7, 1_000].map(failures => backOffMs(backOff, failures))
    expect(bounds).toEqual([5_000, 20_000, 80_000, 320_000, 1_280_000, 3_600_000, 3_600_000, 3_600_000])
  })

  it('is jittered over its whole length', () => {
    const waits = Array.from({ length: 1_000 }, () => fullJitter(100))
    expect(Math.min(...waits)).toBeLessThan(10)
    expect(Math.max(...waits)).toBeGreaterThan(90)
    expect(Math.max(...waits)).toBeLessThanOrEqual(100)
  })
})
