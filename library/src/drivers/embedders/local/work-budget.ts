import type { Clock } from '../../../base/clock.ts'

/**
 * How much of a processor may be taken: a share of the time that passes, saved up to `savedMs`. May be overdrawn; what
 * follows waits until it is made up for.
 */
export class WorkBudget {
  readonly #share: number
  readonly #savedMs: number
  readonly #clock: Clock
  #leftMs: number
  #seenAt: number

  constructor(share: number, savedMs: number, clock: Clock) {
    this.#share = share
    this.#savedMs = savedMs
    this.#clock = clock
    this.#leftMs = savedMs
    this.#seenAt = clock.monotonicMs()
  }

  /** How long until work may begin. */
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
    this.#leftMs = Math.min(this.#savedMs, this.#leftMs + (now - this.#seenAt) * this.#share)
    this.#seenAt = now
  }
}
