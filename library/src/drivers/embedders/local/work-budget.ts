import { performance } from 'node:perf_hooks'
import type { Clock } from '../../../base/clock.ts'

/** However busy the program is, so much of the share remains, so that nothing waits for ever. */
const leastShare = 0.05

/**
 * How much of a processor may be taken: a share of the time that passes, saved up to `savedMs`; of time in which the
 * program itself was busy far less. May be overdrawn; what follows waits until it is made up for.
 */
export class WorkBudget {
  readonly #share: number
  readonly #savedMs: number
  readonly #clock: Clock
  #leftMs: number
  #seenAt: number
  #seenUse = performance.eventLoopUtilization()

  constructor(share: number, savedMs: number, clock: Clock) {
    this.#share = share
    this.#savedMs = savedMs
    this.#clock = clock
    this.#leftMs = savedMs
    this.#seenAt = clock.monotonicMs()
  }

  /** How long until work may begin, if the program is at rest meanwhile: ask again then. */
  waitMs(): number {
    this.#refill()
    return this.#leftMs > 0 ? 0 : Math.ceil(-this.#leftMs / this.#share) + 1
  }

  spend(workMs: number): void {
    this.#refill()
    this.#leftMs -= workMs
  }

  #refill(): void {
    const now = this.#clock.monotonicMs()
    const gainedMs = (now - this.#seenAt) * this.#share * this.#quiet()
    this.#leftMs = Math.min(this.#savedMs, this.#leftMs + gainedMs)
    this.#seenAt = now
  }

  /** How quiet this thread was since the last look, from 0 to 1, squared: at half its load a quarter is left. */
  #quiet(): number {
    const seen = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(seen, this.#seenUse)
    this.#seenUse = seen
    return Math.max(leastShare, (1 - (Number.isFinite(utilization) ? utilization : 0)) ** 2)
  }
}
