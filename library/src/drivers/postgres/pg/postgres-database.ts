import type { QueryResult } from 'pg'
import type { Announcer } from '../../../base/announcer.ts'
import { type Clock, systemClock } from '../../../base/clock.ts'
import type { Database, DatabaseEvents, Lane, Statement, StatementResult, Transaction } from '../database.ts'
import { StatementError } from '../statement-error.ts'
import type { Exchange, PostgresConnection } from './postgres-connection.ts'
import type { Risk } from './postgres-errors.ts'
import { postgresLane } from './postgres-lane.ts'
import { PostgresPool } from './postgres-pool.ts'
import { connectionSettings } from './postgres-settings.ts'
import { valueTypes } from './postgres-values.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full` */
  readonly url: string
  /** How many connections are open at most. Default 10. */
  readonly maxConnections?: number
  /** How long a caller waits for a connection, be it a new one or a free one. Default 3,000. */
  readonly connectLimitMs?: number
  /** How long one statement may take before it is cancelled. Default 30,000. */
  readonly statementLimitMs?: number
  readonly announcer?: Announcer<DatabaseEvents>
  readonly clock?: Clock
  /** How PostgreSQL's own views name these connections. Default `reprise`. */
  readonly applicationName?: string
  /** How metrics and alerts name the pool. Default: as `applicationName`. */
  readonly poolName?: string
}

/**
 * A real PostgreSQL, version 15 or newer, through `pg`. Nothing is connected before the first call. Sessions carry no
 * state, so that a pooler in transaction mode (PgBouncer) may stand between.
 *
 * A statement whose label is not SELECT counts as one that writes: when its connection breaks, its outcome is unknown.
 * @throws RepriseError `invalid_setting` when the URL cannot be read
 * @example const database = connectPostgres({ url: 'postgres://reprise@localhost/reprise' })
 */
export function connectPostgres(options: PostgresOptions): Database {
  const { announcer, maxConnections = 10, connectLimitMs = 3_000, statementLimitMs = 30_000 } = options
  const { applicationName = 'reprise', poolName = applicationName } = options
  const pool = new PostgresPool({
    settings: {
      ...connectionSettings(options.url),
      application_name: applicationName,
      connectionTimeoutMillis: connectLimitMs,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: valueTypes,
      // What is asked meanwhile is sent at once; only a lane asks before it was answered.
      pipeline: true,
    },
    maxConnections,
    clock: options.clock ?? systemClock,
    onChange: available => announcer?.announce('pool', { pool: poolName, size: maxConnections, available }),
    onAcquisition: (durationMs, outcome) => announcer?.announce('acquisition', { pool: poolName, durationMs, outcome }),
  })

  async function send(
    connection: PostgresConnection,
    exchange: Exchange,
    labels: Statement['labels'],
  ): Promise<QueryResult> {
    const startedAt = performance.now()
    const { text } = exchange
    try {
      const result = await connection.exchange(exchange)
      const rows = result.rowCount ?? undefined
      announcer?.announce('query', { labels, durationMs: performance.now() - startedAt, failed: false, rows, text })
      return result
    } catch (error) {
      announcer?.announce('query', { labels, durationMs: performance.now() - startedAt, failed: true, error, text })
      throw error
    }
  }

  async function runOn<Row>(connection: PostgresConnection, statement: Statement): Promise<StatementResult<Row>> {
    const { text, values, labels } = statement
    const risk: Risk = labels.queryType === 'SELECT' ? 'nothing_stored' : 'may_be_stored'
    return resultOf(await send(connection, { text, values, risk, limitMs: statementLimitMs }, labels))
  }

  async function run<Row>(statement: Statement): Promise<StatementResult<Row>> {
    const connection = await pool.take()
    try {
      return await runOn(connection, statement)
    } finally {
      pool.give(connection, true)
    }
  }

  function lane(): Lane {
    const shared = postgresLane(pool)
    return { run: <Row>(statement: Statement) => shared(connection => runOn<Row>(connection, statement)) }
  }

  function transactionOn(connection: PostgresConnection): Transaction {
    return {
      run: async ({ text, values, labels }) =>
        resultOf(await send(connection, { text, values, risk: 'nothing_stored', limitMs: statementLimitMs }, labels)),
      script: async sql => {
        // A migration of a large table takes as long as it takes; a server that died is noticed by keep-alive.
        const labels = { queryType: 'OTHER', table: 'other' } as const
        await send(connection, { text: sql, risk: 'nothing_stored', limitMs: undefined }, labels)
      },
    }
  }

  async function transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const connection = await pool.take()
    const control = (text: string, risk: Risk) => connection.exchange({ text, risk, limitMs: statementLimitMs })
    let isOver = false
    try {
      await control('BEGIN', 'nothing_stored')
      const result = await work(transactionOn(connection))
      const { command } = await control('COMMIT', 'may_be_stored')
      isOver = true
      if (command === 'ROLLBACK') throw failedTransaction()
      return result
    } catch (error) {
      if (!isOver && !connection.isLost) {
        isOver = await control('ROLLBACK', 'nothing_stored').then(
          () => true,
          () => false,
        )
      }
      throw error
    } finally {
      pool.give(connection, isOver)
    }
  }

  return { kind: 'postgresql', connections: maxConnections, run, lane, transaction, close: () => pool.close() }
}

function resultOf<Row>({ rows, rowCount }: QueryResult): StatementResult<Row> {
  // What columns a statement answers is its author's word, as with every SQL client.
  return { rows: rows as Row[], rowCount: rowCount ?? 0 }
}

/** PostgreSQL answers COMMIT with ROLLBACK when a statement before it failed and the work went on regardless. */
function failedTransaction(): StatementError {
  return new StatementError({
    sqlState: '25P02',
    message: 'a statement of the transaction had failed; nothing was stored',
  })
}
