import type { Clock } from './clock.ts'

/** Given as the reason of every abort here: without one Node would build an exception, stack and all, each time. */
const answered = Symbol('answered')

/** The answer of `work`, or `late()` once `limitMs` have passed. The work itself goes on; its late failure is nobody's. */
export async function within<Result, Late>(
  work: Promise<Result>,
  limitMs: number,
  clock: Clock,
  late: () => Late,
): Promise<Result | Late> {
  const patience = new AbortController()
  const tooLate = Symbol('late')
  try {
    const first = await Promise.race([work, clock.sleep(limitMs, patience.signal).then(() => tooLate)])
    // The symbol is made here, so that whatever is not it is the work's result.
    return first === tooLate ? late() : (first as Result)
  } finally {
    patience.abort(answered)
    work.catch(() => undefined)
  }
}
