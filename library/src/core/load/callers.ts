import type { Clock } from '../../base/clock.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import { over } from '../tiers/patience.ts'
import type { Found } from './lookup.ts'

/** What the callers of a load get. */
export type LoadAnswer =
  | { readonly kind: 'found'; readonly found: Found }
  | { readonly kind: 'loaded'; readonly take: () => unknown }
  | { readonly kind: 'failed'; readonly error: unknown }

interface Caller {
  readonly deadlineMs: number
  readonly joinedAt: number
  /** Ends its timer and its listening to the signal. */
  readonly leaving: AbortController
  readonly settle: (answer: LoadAnswer) => void
}

/** Shorter deadlines count from the start; for others a look into the tiers, which is bounded itself, is never too long. */
export const shortDeadlineMs = 1_000

/** Those who wait for a load. Each may leave on its own: by its deadline, or by its signal. */
export class Callers {
  /** What is served to a caller whose deadline passes, in place of an error. */
  atDeadline: LoadAnswer | undefined
  readonly #clock: Clock
  readonly #onDeserted: () => void
  readonly #waiting = new Set<Caller>()
  #answer: LoadAnswer | undefined
  #isTiming = false

  constructor(clock: Clock, onDeserted: () => void) {
    this.#clock = clock
    this.#onDeserted = onDeserted
  }

  /** The load's answer. Rejects only with the signal's reason. */
  wait(deadlineMs: number, signal: AbortSignal | undefined): Promise<LoadAnswer> {
    if (signal?.aborted) {
      this.#leave(undefined)
      return Promise.reject(signal.reason)
    }
    if (this.#answer !== undefined) return Promise.resolve(this.#answer)
    return new Promise((resolve, reject) => {
      const leaving = new AbortController()
      const caller: Caller = { deadlineMs, joinedAt: this.#clock.monotonicMs(), leaving, settle: resolve }
      this.#waiting.add(caller)
      signal?.addEventListener(
        'abort',
        () => {
          reject(signal.reason)
          this.#leave(caller)
        },
        { signal: leaving.signal },
      )
      if (this.#isTiming || deadlineMs < shortDeadlineMs) this.#time(caller)
    })
  }

  /** The quick part of the load is over: from now on deadlines may pass. */
  beginTiming(): void {
    this.#isTiming = true
    for (const caller of this.#waiting) if (caller.deadlineMs >= shortDeadlineMs) this.#time(caller)
  }

  /** Answers all who wait and all who come; the first answer stands. */
  answer(answer: LoadAnswer): void {
    if (this.#answer !== undefined) return
    this.#answer = answer
    for (const caller of this.#waiting) {
      caller.leaving.abort(over)
      caller.settle(answer)
    }
    this.#waiting.clear()
  }

  #time(caller: Caller): void {
    const leftMs = caller.joinedAt + caller.deadlineMs - this.#clock.monotonicMs()
    void this.#clock.sleep(Math.max(0, leftMs), caller.leaving.signal).then(() => {
      if (caller.leaving.signal.aborted) return
      caller.settle(this.atDeadline ?? { kind: 'failed', error: deadlineExceeded(caller.deadlineMs) })
      this.#leave(caller)
    })
  }

  #leave(caller: Caller | undefined): void {
    caller?.leaving.abort(over)
    if (caller !== undefined) this.#waiting.delete(caller)
    if (this.#waiting.size === 0 && this.#answer === undefined) this.#onDeserted()
  }
}

function deadlineExceeded(deadlineMs: number): RepriseError {
  return new RepriseError('deadline_exceeded', `There was no value within the deadline of ${deadlineMs} ms.`, {
    field: 'deadline',
  })
}
