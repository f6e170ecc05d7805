import type { Clock } from '../../base/clock.ts'

/** Why waiting ends. Without a reason each abort would make an error with a stack, which costs more than the wait. */
export const over = Symbol('over')

/** What came of work that may take too long. */
export type Settled<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly reason: Error }
  | { readonly kind: 'late' }

/**
 * Waits for work, but not for ever. The work itself goes on; its late failure is nobody's. A process that was busy past
 * the limit reads what lies in its sockets before it calls the work late.
 */
export async function patiently<Result>(
  work: () => Promise<Result>,
  limitMs: number,
  clock: Clock,
): Promise<Settled<Result>> {
  const settled: Promise<Settled<Result>> = attempt(work).then(
    result => ({ kind: 'done', result }),
    error => ({ kind: 'failed', reason: error instanceof Error ? error : new Error(String(error)) }),
  )
  const waiting = new AbortController()
  const late = clock.sleep(limitMs, waiting.signal).then(twoTurns)
  try {
    return await Promise.race([settled, late])
  } finally {
    waiting.abort(over)
  }
}

function twoTurns(): Promise<{ readonly kind: 'late' }> {
  return new Promise(resolve => setImmediate(() => setImmediate(resolve, { kind: 'late' } as const)))
}

/** Work that throws at once is treated as one that rejects. */
async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  return work()
}
