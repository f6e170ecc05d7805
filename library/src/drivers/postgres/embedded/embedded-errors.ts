import { RepriseError } from '../../../base/reprise-error.ts'
import { ThreadDied } from './postgres-link.ts'

/** What it means for a statement that PostgreSQL's thread ended before it answered. */
export type Risk = 'nothing_stored' | 'may_be_stored'

export function unavailable(reason: string, cause?: unknown): RepriseError {
  return new RepriseError(
    'database_unavailable',
    `The embedded database is not there (${reason}). Nothing was stored; the next call starts it anew.`,
    { cause, retryAfterSeconds: 1 },
  )
}

/** What callers get for an error of a statement that was sent. */
export function translate(error: unknown, risk: Risk): unknown {
  if (!(error instanceof ThreadDied)) return error
  if (risk === 'nothing_stored') return unavailable(error.message, error)
  return new RepriseError(
    'outcome_unknown',
    `The embedded database ended (${error.message}) before it said whether the change was stored. Read it back, or try again with the same idempotency key.`,
    { cause: error, retryAfterSeconds: 1 },
  )
}
