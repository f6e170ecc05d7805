import { DatabaseError } from 'pg'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'
import { StatementError } from '../statement-error.ts'

/** What a broken connection means for the statement on it. */
export type Risk = 'nothing_stored' | 'may_be_stored'

/** The session ended, or (25006) the server has become a standby: the connection is of no more use. */
const lostStates = /^(08|57P0[1-5]|25P0[34]|25006)/
/** Full disk or memory, too many connections, a statement cancelled by the server's own limit, a standby. */
const refusedStates = /^(53|57014|57P03|25006)/
const connectionCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'ENOTFOUND'])
const connectionMessages = /^(Connection terminated|Client (has|was)|timeout|The server does not support SSL)/

/** Whether the connection that an error came from is of no more use. */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof DatabaseError) return lostStates.test(error.code ?? '')
  if (!(error instanceof Error)) return false
  return connectionCodes.has(codeOf(error) ?? '') || connectionMessages.test(error.message)
}

/** Whether the server answered that it has no room for one more connection, which says nothing of those that stand. */
export function isServerFull(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '53300'
}

/** Nothing was stored, because there is no connection or the server cannot work. */
export function unavailable(error: unknown): RepriseError {
  if (error instanceof RepriseError) return error
  return new RepriseError(
    'database_unavailable',
    `PostgreSQL is not available (${reasonOf(error)}). Nothing was stored; try again in a second.`,
    { cause: withoutRows(error), retryAfterSeconds: 1 },
  )
}

/**
 * What callers get for an error of a statement that was sent: refused by PostgreSQL, or lost with its connection. Pg's
 * own error never leaves here, because it carries rows in its detail.
 */
export function translate(error: unknown, risk: Risk): unknown {
  if (error instanceof DatabaseError && refusedStates.test(error.code ?? '')) return unavailable(error)
  if (isConnectionError(error)) return risk === 'nothing_stored' ? unavailable(error) : unknown(error)
  return withoutRows(error)
}

function withoutRows(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error
  return new StatementError({
    sqlState: error.code ?? 'XX000',
    message: withoutValues(error.message, error.code),
    constraint: error.constraint,
    table: error.table,
  })
}

function unknown(error: unknown): RepriseError {
  return new RepriseError(
    'outcome_unknown',
    `The connection to PostgreSQL broke (${reasonOf(error)}) before it said whether the change was stored. Read it back, or try again with the same idempotency key.`,
    { cause: withoutRows(error), retryAfterSeconds: 1 },
  )
}

/** Data errors (class 22) end by quoting the value: `invalid input syntax for type uuid: "…"`. */
function withoutValues(message: string, sqlState: string | undefined): string {
  return sqlState?.startsWith('22') ? message.replace(/:? *".*$/s, '') : message
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error ? codeOf(error) : undefined
  const message = messageOf(error)
  return [code, message].filter(part => part !== undefined && part !== '').join(': ')
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
