import type { Clock } from '../../../base/clock.ts'

/**
 * Waits with a limit. One timer serves all waits of a Redis, for thousands may be under way. While somebody waits, the
 * process stays alive; connections alone do not keep it.
 */
export interface Patience {
  /** What `work` answers, or a rejection with `late()` once `limitMs` have passed; the work itself goes on. */
  wait<Result>(work: Promise<Result>, limitMs: number, late: () => Error): Promise<Result>
}

interface Wait {
  readonly dueAt: number
  /** Undefined once the work has ended: what it answered must not be held until the next look. */
  end: (() => void) | undefined
}

/** How much later than its limit a wait may end. */
const tickMs = 10

export function patience(clock: Clock): Patience {
  // Looked through at each tick. A Set, from which every wait would delete itself, cost a fifth of all reading here: its
  // tables grow old and keep what was answered from being collected young.
  let waits: Wait[] = []
  let ticking = false

  function tick(): void {
    waits = waits.filter(isWaiting)
    ticking = waits.length > 0
    if (!ticking) return
    setTimeout(tick, tickMs)
    const now = clock.monotonicMs()
    const late = waits.filter(({ dueAt }) => dueAt <= now)
    // When the process itself was busy past a limit, the reply may lie unread in the socket: one turn reads it.
    if (late.length > 0) setImmediate(() => setImmediate(expire, late))
  }

  return {
    wait: (work, limitMs, late) =>
      new Promise((resolve, reject) => {
        const wait: Wait = { dueAt: clock.monotonicMs() + limitMs, end: () => reject(late()) }
        waits.push(wait)
        if (!ticking) {
          ticking = true
          setTimeout(tick, tickMs)
        }
        work.then(
          result => {
            wait.end = undefined
            resolve(result)
          },
          error => {
            wait.end = undefined
            reject(error)
          },
        )
      }),
  }
}

function isWaiting({ end }: Wait): boolean {
  return end !== undefined
}

function expire(late: readonly Wait[]): void {
  for (const wait of late) {
    const { end } = wait
    wait.end = undefined
    end?.()
  }
}
