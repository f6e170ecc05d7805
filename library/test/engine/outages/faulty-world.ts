import { type Cache, type CacheOptions, createCache } from 'reprise'
import { afterEach, beforeEach } from 'vitest'
import { type ManualClock, manualClock } from '../../embedded/manual-clock.ts'
import { rest } from '../promises/scenario.ts'
import type { FaultyTier } from './faulty-tier.ts'

/** Caches before tiers whose faults the test chooses, by a clock of the test's own; closed when it ends. */
export function faultyWorld() {
  let clock: ManualClock
  let caches: Cache[]

  beforeEach(() => {
    clock = manualClock()
    caches = []
  })
  afterEach(async () => {
    for (const cache of caches) await cache.close()
  })

  /** Without a tier: memory alone. */
  async function cacheBefore(faulty: FaultyTier | undefined, options: Partial<CacheOptions> = {}): Promise<Cache> {
    const cache = createCache({ name: 'app', redis: faulty?.tier, clock, ...options })
    caches.push(cache)
    await rest()
    return cache
  }

  /** Lets time pass in small steps, so that whatever waits for something that waits is woken too. */
  async function pass(ms: number, stepMs = 10): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(Math.min(stepMs, ms - passed))
      await rest()
    }
  }

  /** How long a call took by the test's clock. */
  async function timed<Result>(call: Promise<Result>, mostMs = 60_000): Promise<{ result: Result; tookMs: number }> {
    const startedAt = clock.monotonicMs()
    let isOver = false
    const ended = call.finally(() => {
      isOver = true
    })
    ended.catch(() => undefined)
    await rest()
    while (!isOver && clock.monotonicMs() - startedAt < mostMs) await pass(10)
    return { result: await ended, tookMs: clock.monotonicMs() - startedAt }
  }

  return {
    get clock() {
      return clock
    },
    cacheBefore,
    pass,
    timed,
  }
}
