import type { DatabaseEvents, StatementLabels } from '../../ports/database-events.ts'

export type { DatabaseEvents, StatementLabels }

export interface Statement {
  /** SQL with `$1`, `$2`, … for the values. */
  readonly text: string
  readonly values: readonly unknown[]
  readonly labels: StatementLabels
}

export interface StatementResult<Row> {
  readonly rows: readonly Row[]
  /** Rows read or changed. */
  readonly rowCount: number
}

export interface Transaction {
  run<Row>(statement: Statement): Promise<StatementResult<Row>>
  /** Several statements without values, as a migration file holds them; function bodies in `$$` included. */
  script(sql: string): Promise<void>
}

/**
 * PostgreSQL, embedded or real, behind the same few calls. Both take the same SQL and give the same JavaScript values:
 * bigint and numeric counts as number, timestamptz as Date, json parsed, bytea as Uint8Array.
 *
 * Errors: RepriseError `database_unavailable` when nothing can have been stored, `outcome_unknown` when the connection
 * broke after the statement (or COMMIT) was sent; a statement that PostgreSQL refused throws a StatementError with its
 * SQLSTATE and without the values.
 */
export interface Database {
  readonly kind: 'postgresql' | 'embedded'
  /** How many connections work at once. */
  readonly connections: number
  /** One statement, its own transaction. */
  run<Row>(statement: Statement): Promise<StatementResult<Row>>
  /**
   * A way for statements that are many: they go over one connection in their order, each sent while the one before still
   * runs, so that PostgreSQL need not wait for this process between two. One that takes long holds up those behind it.
   */
  lane(): Lane
  /** BEGIN, work, COMMIT; ROLLBACK when the work throws. No outside I/O belongs inside. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** Where single statements go. */
export type Lane = Pick<Database, 'run'>
