import type { Clock } from 'reprise'

export interface Worker {
  /** Ends the worker; resolves when the round that runs has ended. */
  close(): Promise<void>
}

export interface PeriodicOptions {
  readonly everyMs: number
  readonly clock: Clock
  /** One round. It should look at the signal where it takes long. */
  readonly round: (signal: AbortSignal) => Promise<void>
  /** Told of a round that failed; the next one comes at its time all the same. */
  readonly onFailure: (error: unknown) => void
}

export interface PeriodicWorker extends Worker {
  /** Starts the next round at once. */
  wake(): void
}

const woken = Symbol('woken')

/** Carries out a round now and then, one at a time, until closed. The first comes at once. */
export function startPeriodic(options: PeriodicOptions): PeriodicWorker {
  const { everyMs, clock, round, onFailure } = options
  const ending = new AbortController()
  let nap = new AbortController()

  async function live(): Promise<void> {
    while (!ending.signal.aborted) {
      nap = new AbortController()
      await round(ending.signal).catch(onFailure)
      await clock.sleep(everyMs, AbortSignal.any([ending.signal, nap.signal]))
    }
  }

  const life = live()
  return {
    wake: () => {
      // With a reason, and once: else Node builds an exception each time.
      if (!nap.signal.aborted) nap.abort(woken)
    },
    close: async () => {
      ending.abort()
      await life
    },
  }
}
