import type { Clock } from '../../base/clock.ts'
import type { StoreLife } from '../../ports/store.ts'
import { over, patiently } from './patience.ts'

/** What the breaker found out, for those who announce it. */
export type BreakerChange =
  | { readonly kind: 'opened'; readonly reason: Error }
  | { readonly kind: 'closed'; readonly awayMs: number }
  /** The store may have lost what it held, or gone back to an older state. */
  | { readonly kind: 'reborn' }

export interface BreakerOptions {
  /** Asks the store whether it answers, and which life it lives. */
  readonly life: () => Promise<StoreLife>
  readonly limitMs: number
  readonly clock: Clock
  readonly onChange: (change: BreakerChange) => void
}

const firstPauseMs = 100
const longestPauseMs = 5_000
/** A part that comes back in an older state is believed no longer than this. */
const longestWatchMs = 500

/**
 * Leaves out a store that did not answer, until it does again. The first failure opens it; then the store is asked in the
 * background, with growing pauses, so that no caller waits for a probe.
 */
export class Breaker {
  #kind: 'closed' | 'checking' | 'open' = 'closed'
  #awaySince = 0
  /** The last known life of each part; empty before the first answer. */
  #lives: ReadonlyMap<string, string> = new Map()
  #asking = false
  #watching = false
  #waking = new AbortController()
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
    if (this.#lives.size > 0) this.#kind = 'checking'
    void this.#askUntilBack(false)
  }

  /**
   * A part of the store is or was away, and the others go on: until the store is whole again it is asked in the
   * background what became of that part.
   */
  watch(): void {
    if (this.#kind === 'open' || this.#closing.signal.aborted) return
    if (this.#watching) this.#waking.abort(over)
    else void this.#watchUntilWhole()
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
        const reason = answer.kind === 'failed' ? answer.reason : noAnswer(limitMs)
        this.#options.onChange({ kind: 'opened', reason })
      }
      await clock.sleep(pauseMs(tries++), signal)
    }
    this.#asking = false
  }

  async #watchUntilWhole(): Promise<void> {
    this.#watching = true
    const { clock, life, limitMs } = this.#options
    const { signal } = this.#closing
    for (let tries = 0; this.#kind !== 'open' && !signal.aborted; tries += 1) {
      this.#waking = new AbortController()
      const pause = tries === 0 ? 0 : Math.min(longestWatchMs, pauseMs(tries - 1))
      await clock.sleep(pause, AbortSignal.any([signal, this.#waking.signal]))
      const answer = await patiently(life, limitMs, clock)
      if (signal.aborted) break
      if (answer.kind !== 'done') this.trip(answer.kind === 'failed' ? answer.reason : noAnswer(limitMs))
      else if (this.state !== 'open') {
        this.#learn(answer.result)
        if (isWhole(answer.result)) break
      }
    }
    this.#watching = false
  }

  /** Announces when a part is another one than before. One that is away is compared when it is back. */
  #learn(life: StoreLife): void {
    const before = this.#lives
    const parts = [...life].map(([part, text]) => [part, text ?? before.get(part)] as const)
    this.#lives = new Map(parts.filter((part): part is readonly [string, string] => part[1] !== undefined))
    const isReborn = before.size > 0 && [...this.#lives].some(([part, text]) => before.get(part) !== text)
    // Whoever hears of the rebirth blocks what must not be read before anybody can read.
    if (isReborn) this.#options.onChange({ kind: 'reborn' })
  }

  #returned(life: StoreLife): void {
    const { clock, onChange } = this.#options
    const was = this.#kind
    this.#learn(life)
    this.#kind = 'closed'
    if (!isWhole(life)) this.watch()
    if (was === 'open') onChange({ kind: 'closed', awayMs: clock.monotonicMs() - this.#awaySince })
  }
}

function noAnswer(limitMs: number): Error {
  return new Error(`no answer within ${limitMs} ms`)
}

function isWhole(life: StoreLife): boolean {
  return [...life.values()].every(text => text !== undefined)
}

/** Doubles up to a cap, and is spread so that many processes do not come back in step. */
function pauseMs(tries: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2)
}
