import { type Clock, systemClock } from '../../../base/clock.ts'
import { StatementError } from '../statement-error.ts'

const maxTries = 4
const pauseMs = 20

/** Deadlock and serialization failure: nothing was stored, nobody is at fault, and the next try will most likely do. */
function isCollision(error: unknown): boolean {
  return error instanceof StatementError && (error.sqlState === '40P01' || error.sqlState === '40001')
}

/**
 * Carries out a transaction, and again a few times when it collided with another one. It pauses between, because who
 * comes back at once takes the locks from under the one that it collided with.
 */
export async function retryCollisions<Result>(
  work: () => Promise<Result>,
  clock: Clock = systemClock,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isCollision(error) || attempt === maxTries) throw error
      await clock.sleep(attempt * pauseMs * (1 + Math.random()))
    }
  }
}
