import type { Clock } from 'reprise'

export interface Rate {
  readonly perSecond: number
  /** How much may go at once after a rest. */
  readonly burst: number
}

/** A token bucket: lets `perSecond` through on average and `burst` at once. May be overdrawn; what follows waits. */
export class TokenBucket {
  readonly #rate: Rate
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
    this.#tokens = rate.burst
    this.#filledAt = clock.monotonicMs()
  }

  /** How long until there are `wanted` tokens, or as many as the bucket holds; 0 when they are there. */
  waitMs(wanted: number): number {
    this.#fill()
    const lacking = Math.min(wanted, this.#rate.burst) - this.#tokens
    return lacking <= 0 ? 0 : Math.ceil((lacking / this.#rate.perSecond) * 1000)
  }

  take(tokens: number): void {
    this.#fill()
    this.#tokens -= tokens
  }

  #fill(): void {
    const now = this.#clock.monotonicMs()
    const elapsedMs = now - this.#filledAt
    this.#filledAt = now
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (elapsedMs / 1000) * this.#rate.perSecond)
  }
}
