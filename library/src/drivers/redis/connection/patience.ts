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
  readonly end: () => void
}

/** How much later than its limit a wait may end. */
const tickMs = 10

export function patience(clock: Clock): Patience {
  const waits = new Set<Wait>()
  let ticking = false

  function tick(): void {
    ticking = waits.size > 0
    if (!ticking) return
    setTimeout(tick, tickMs)
    const now = clock.monotonicMs()
    const late = [...waits].filter(({ dueAt }) => dueAt <= now)
    // When the process itself was busy past a limit, the reply may lie unread in the socket: one turn reads it.
    if (late.length > 0) setImmediate(() => setImmediate(expire, late))
  }

  function expire(late: readonly Wait[]): void {
    for (const wait of late) if (waits.delete(wait)) wait.end()
  }

  return {
    wait: (work, limitMs, late) =>
      new Promise((resolve, reject) => {
        const wait: Wait = { dueAt: clock.monotonicMs() + limitMs, end: () => reject(late()) }
        waits.add(wait)
        if (!ticking) {
          ticking = true
          setTimeout(tick, tickMs)
        }
        work.then(
          result => {
            waits.delete(wait)
            resolve(result)
          },
          error => {
            waits.delete(wait)
            reject(error)
          },
        )
      }),
  }
}
