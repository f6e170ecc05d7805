import type { Clock } from '../../base/clock.ts'
import { patiently } from './patience.ts'

/** What the breaker found out, for those who announce it. */
export type BreakerChange =
  | { readonly kind: 'opened'; readonly reason: Error }
  | { readonly kind: 'closed'; readonly awayMs: number }
  /** The store may have lost what it held, or gone back to an older state. */
  | { readonly kind: 'reborn' }

export interface BreakerOptions {
  /** Asks the store whether it answers, and which life it lives. */
  readonly life: () => Promise<string>
  readonly limitMs: number
  readonly clock: Clock
  readonly onChange: (change: BreakerChange) => void
}

const firstPauseMs = 100
const longestPauseMs = 5_000

/**
 * Leaves out a store that did not answer, until it does again. The first failure opens it; then the store is asked in the
 * background, with growing pauses, so that no caller waits for a probe.
 */
export class Breaker {
  #kind: 'closed' | 'checking' | 'open' = 'closed'
  #awaySince = 0
  #life: string | undefined
  #asking = false
  readonly #options: BreakerOptions
  readonly #closing = new AbortController()

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** Whether the store may be asked. */
  get isClosed(): boolean {
    return this.#kind === 'closed'
  }

  /** For people: `checking` while it is asked whether it restarted. */
  get state(): 'closed' | 'checking' | 'open' {
    return this.#kind
  }

  trip(reason: Error): void {
    if (this.#kind === 'open' || this.#closing.signal.aborted) return
    if (this.#kind === 'closed') this.#awaySince = this.#options.clock.monotonicMs()
    this.#kind = 'open'
    this.#options.onChange({ kind: 'opened', reason })
    void this.#askUntilBack(true)
  }

  /** The connection was interrupted: nothing is read until it is known that the store did not restart meanwhile. */
  check(): void {
    if (this.#kind !== 'closed' || this.#closing.signal.aborted) return
    this.#awaySince = this.#options.clock.monotonicMs()
    // Before the first answer there is no life to compare with, and nothing that could be outdated.
    if (this.#life !== undefined) this.#kind = 'checking'
    void this.#askUntilBack(false)
  }

  close(): void {
    this.#closing.abort()
  }

  async #askUntilBack(pauseFirst: boolean): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    const { clock, life, limitMs } = this.#options
    const { signal } = this.#closing
    let tries = 0
    if (pauseFirst) await clock.sleep(pauseMs(tries++), signal)
    while (!signal.aborted) {
      const answer = await patiently(life, limitMs, clock)
      if (signal.aborted) break
      if (answer.kind === 'done') {
        this.#asking = false
        return this.#returned(answer.result)
      }
      if (this.#kind !== 'open') {
        this.#kind = 'open'
        const reason = answer.kind === 'failed' ? answer.reason : new Error(`no answer within ${limitMs} ms`)
        this.#options.onChange({ kind: 'opened', reason })
      }
      await clock.sleep(pauseMs(tries++), signal)
    }
    this.#asking = false
  }

  #returned(life: string): void {
    const { clock, onChange } = this.#options
    const was = this.#kind
    const reborn = this.#life !== undefined && this.#life !== life
    this.#life = life
    // Whoever hears of the rebirth blocks what must not be read before anybody can read.
    if (reborn) onChange({ kind: 'reborn' })
    this.#kind = 'closed'
    if (was === 'open') onChange({ kind: 'closed', awayMs: clock.monotonicMs() - this.#awaySince })
  }
}

/** Doubles up to a cap, and is spread so that many processes do not come back in step. */
function pauseMs(tries: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2)
}
