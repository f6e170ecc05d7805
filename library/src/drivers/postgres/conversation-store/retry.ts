import { StatementError } from '../statement-error.ts'

const maxTries = 4

/** Deadlock and serialization failure: nothing was stored, nobody is at fault, and the next try will most likely do. */
function isCollision(error: unknown): boolean {
  return error instanceof StatementError && (error.sqlState === '40P01' || error.sqlState === '40001')
}

/** Carries out a transaction, and again a few times when it collided with another one. */
export async function retryCollisions<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isCollision(error) || attempt === maxTries) throw error
    }
  }
}
