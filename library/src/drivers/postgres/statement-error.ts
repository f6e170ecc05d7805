export interface StatementErrorFields {
  /** PostgreSQL's five-character code, e.g. `23505` (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
  readonly sqlState: string
  /** PostgreSQL's own sentence, which names columns and constraints. */
  readonly message: string
  readonly constraint?: string | undefined
  readonly table?: string | undefined
}

/**
 * A statement that PostgreSQL refused; whatever belonged to it was rolled back. Both drivers throw this class in place
 * of their own errors, which carry the statement, its values and a detail line that quotes rows: none of these may
 * reach a log.
 *
 * @example
 * if (error instanceof StatementError && error.sqlState === '23505') return 'exists already'
 */
export class StatementError extends Error {
  override readonly name = 'StatementError'
  readonly sqlState: string
  readonly constraint: string | undefined
  readonly table: string | undefined

  constructor(fields: StatementErrorFields) {
    super(withoutValues(fields))
    this.sqlState = fields.sqlState
    this.constraint = fields.constraint
    this.table = fields.table
  }
}

/** Data errors (class 22) end by quoting the value: `invalid input syntax for type uuid: "…"`. */
function withoutValues({ sqlState, message }: StatementErrorFields): string {
  return sqlState.startsWith('22') ? message.replace(/:? *".*$/s, '') : message
}
