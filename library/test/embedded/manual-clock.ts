import type { Clock } from 'reprise'

export interface ManualClock extends Clock {
  /** Lets time pass, and wakes whose delay has passed. */
  advance(byMs: number): void
}

export function manualClock(startMs = Date.UTC(2026, 0, 31)): ManualClock {
  let nowMs = startMs
  const sleepers = new Map<() => void, number>()
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (delayMs, signal) =>
      new Promise(resolve => {
        if (signal?.aborted) return resolve()
        const wake = () => {
          sleepers.delete(wake)
          resolve()
        }
        sleepers.set(wake, nowMs + delayMs)
        signal?.addEventListener('abort', wake)
      }),
    advance: byMs => {
      nowMs += byMs
      for (const [wake, dueMs] of [...sleepers]) if (dueMs <= nowMs) wake()
    },
  }
}
