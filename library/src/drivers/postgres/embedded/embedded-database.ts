import { join, resolve } from 'node:path'
import type { Announcer } from '../../../base/announcer.ts'
import { type Clock, systemClock } from '../../../base/clock.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type { Database, DatabaseEvents, Statement, StatementResult, Transaction } from '../database.ts'
import { StatementError } from '../statement-error.ts'
import { lockDirectory } from './directory-lock.ts'
import { EmbeddedConnection, type Send } from './embedded-connection.ts'
import type { Risk } from './embedded-errors.ts'
import { rowsOf } from './rows-of.ts'
import type { Answer } from './thread/thread-messages.ts'
import { keepUp } from './upkeep.ts'

export interface EmbeddedOptions {
  /** Where the database lives; made when absent. One process at a time has it. */
  readonly directory: string
  readonly announcer?: Announcer<DatabaseEvents>
  readonly clock?: Clock
  /** How often a checkpoint is written at least, while there is something to write. Default 60,000. */
  readonly checkpointEveryMs?: number
  /** How often tables are looked at for what vacuum can win back. Default 60,000. */
  readonly vacuumEveryMs?: number
  /** How many calls wait for the one connection at most; past it they are refused with `overloaded`. Default 10,000. */
  readonly maxWaiting?: number
}

/** Scripts and upkeep have no labels of their own. */
const otherLabels = { queryType: 'OTHER', table: 'other' } as const

/**
 * PostgreSQL inside this process (PGlite), in a thread of its own and durable: what was acknowledged is on the disk.
 * It has one connection, so that statements and transactions go one after the other; `run` inside the work of a
 * transaction would wait for itself. If its thread dies, the next call starts it anew, and PostgreSQL recovers from its
 * log.
 * @throws RepriseError `directory_locked` when another process has the directory, `database_unavailable` when it cannot
 * be used or PostgreSQL cannot start
 * @example const database = await openEmbeddedDatabase({ directory: './data' })
 */
export async function openEmbeddedDatabase(options: EmbeddedOptions): Promise<Database> {
  const { announcer, clock = systemClock, checkpointEveryMs = 60_000, vacuumEveryMs = 60_000 } = options
  const directory = directoryOf(options)
  const lock = lockDirectory(directory)
  const connection = new EmbeddedConnection({
    dataDirectory: join(directory, 'postgresql'),
    announcer,
    clock,
    maxWaiting: options.maxWaiting ?? 10_000,
  })
  let calls = 0

  async function run<Row>({ text, values, labels }: Statement): Promise<StatementResult<Row>> {
    calls += 1
    const risk: Risk = labels.queryType === 'SELECT' ? 'nothing_stored' : 'may_be_stored'
    return connection.take(async send => resultOf(await send({ text, values, labels, risk })))
  }

  function transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    calls += 1
    return connection.take(async (send, isAlive) => {
      await send({ text: 'BEGIN', values: [], risk: 'nothing_stored' })
      try {
        const result = await work(transactionOn(send))
        const { command } = await send({ text: 'COMMIT', values: [], risk: 'may_be_stored' })
        if (command === 'ROLLBACK') throw failedTransaction()
        return result
      } catch (error) {
        // A thread that dies here has rolled back as well, and what the work threw says more.
        if (isAlive()) await send({ text: 'ROLLBACK', values: [], risk: 'nothing_stored' }).catch(() => {})
        throw error
      }
    })
  }

  const upkeepEnd = new AbortController()
  const upkeep = keepUp(
    {
      clock,
      checkpointEveryMs,
      vacuumEveryMs,
      calls: () => calls,
      look: text => connection.take(send => send({ text, values: [], risk: 'nothing_stored' })),
      work: text => connection.take(send => send({ text, values: [], labels: otherLabels, risk: 'nothing_stored' })),
    },
    upkeepEnd.signal,
  )

  let closing: Promise<void> | undefined
  function close(): Promise<void> {
    closing ??= closeAll()
    return closing
  }
  async function closeAll(): Promise<void> {
    upkeepEnd.abort()
    try {
      await connection.close()
      await upkeep
    } finally {
      lock.release()
    }
  }

  try {
    await connection.take(async () => {})
  } catch (error) {
    await close()
    throw error
  }
  // The one connection is a lane already.
  return { kind: 'embedded', connections: 1, run, lane: () => ({ run }), transaction, close }
}

function directoryOf({ directory }: EmbeddedOptions): string {
  if (typeof directory === 'string' && directory !== '') return resolve(directory)
  throw new RepriseError(
    'invalid_setting',
    'directory is missing: the embedded database needs a directory to live in, e.g. ./data.',
    { field: 'directory' },
  )
}

function transactionOn(send: Send): Transaction {
  return {
    run: async ({ text, values, labels }) => resultOf(await send({ text, values, labels, risk: 'nothing_stored' })),
    script: async sql => {
      await send({ text: sql, labels: otherLabels, risk: 'nothing_stored' })
    },
  }
}

function resultOf<Row>(answer: Answer): StatementResult<Row> {
  // What columns a statement answers is its author's word, as with every SQL client.
  return { rows: rowsOf(answer) as Row[], rowCount: answer.rowCount }
}

/** PostgreSQL answers COMMIT with ROLLBACK when a statement before it failed and the work went on regardless. */
function failedTransaction(): StatementError {
  return new StatementError({
    sqlState: '25P02',
    message: 'a statement of the transaction had failed; nothing was stored',
  })
}
