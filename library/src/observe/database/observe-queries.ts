import type { Registry } from 'prom-client'
import { Announcer } from '../../base/announcer.ts'
import { expected, readNames } from '../../base/option-reading.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import type { DatabaseEvents } from '../../ports/database-events.ts'
import { loadPostgresParser } from '../../sql/postgres-parser.ts'
import type { SqlDialect } from '../../sql/statement.ts'
import { logDatabase } from '../log/log-database.ts'
import type { Logger } from '../log/logger.ts'
import { databaseMetricsIn } from './metrics/database-metrics.ts'
import type { ObservablePool } from './pools/pool-kind.ts'
import { type KnownQuerySource, querySource } from './queries/query-source.ts'
import { QueryWatch } from './queries/query-watch.ts'
import { readAnnouncer, readLogger, readRegistry } from './read-observers.ts'

/** A pool, or one connection: a `Client` of `pg`, a connection of `mysql2`. */
export type ObservableQueries = ObservablePool | { query(...args: never[]): unknown }

export interface ObserveQueriesOptions {
  /** Where the families are registered. */
  readonly registry: Registry
  /** From how many milliseconds on a statement is slow: counted, announced and logged. Default 1,000. */
  readonly slowQueryMs?: number
  /**
   * The only tables that labels name, all others are `other`. Without it the first 64 of a registry are named, with their
   * schema where it is not `public`.
   */
  readonly tables?: readonly string[]
  /** Is told of each statement, and of slow ones. */
  readonly announcer?: Announcer<DatabaseEvents>
  /** Slow statements are written here, as warnings, without their values and literals. */
  readonly logger?: Logger
  /** Whose SQL a Kysely dialect writes. Default: as its adapter is called. Drivers say it themselves. */
  readonly language?: SqlDialect
}

const optionNames = new Set(['registry', 'slowQueryMs', 'tables', 'announcer', 'logger', 'language'])
const watches = new WeakMap<object, QueryWatch>()

/**
 * Counts and times the statements of a pool, or of one connection, of `pg` or `mysql2`, or of a dialect of Kysely, and
 * answers that same pool: `db_queries_total` and `db_query_duration_seconds` by what a statement does and to which table,
 * read from its text; rows, errors by class, and slow statements. A statement that cannot be read is `OTHER` on `other`.
 * One without a connection to be sent on is no statement yet: `observePool` counts it.
 *
 * A statement's time ends with its last row: of cursors and streams, when they are read to their end or closed.
 *
 * @throws RepriseError `invalid_option`
 * @example
 * const pool = observeQueries(new Pool({ max: 20 }), { registry, slowQueryMs: 200, logger: pino() })
 */
export function observeQueries<Source extends ObservableQueries>(
  source: Source,
  options: ObserveQueriesOptions,
): Source {
  readNames(options, optionNames, 'observeQueries')
  const { announcer = new Announcer<DatabaseEvents>(), logger, slowQueryMs = 1_000, tables } = options
  const registry = readRegistry(options.registry)
  readAnnouncer(announcer)
  readLogger(logger)
  if (typeof slowQueryMs !== 'number' || !(slowQueryMs >= 0))
    throw expected('slowQueryMs', 'a number of milliseconds, 0 or more', slowQueryMs)
  if (tables !== undefined && !(Array.isArray(tables) && tables.every(table => typeof table === 'string')))
    throw expected('tables', 'a list of names', tables)
  const known = querySource(source, readLanguage(options.language))
  if (watches.has(known.source)) {
    throw new RepriseError('invalid_option', 'The statements of this pool are observed already; observe each once.', {
      field: 'pool',
    })
  }

  databaseMetricsIn(registry).watch(announcer)
  if (logger !== undefined) logDatabase(announcer, logger)
  // Until it is there, and where it is not installed, statements are read by their words.
  if (known.dialect === 'postgres') void loadPostgresParser().catch(() => {})
  const named = tables === undefined ? undefined : new Set(tables)
  const watch = new QueryWatch({ dialect: known.dialect, announcer, tables: named, slowQueryMs })
  watches.set(known.source, watch)
  known.begin(watch)
  return source
}

/** What watches the statements of a pool; undefined while nothing does. */
export function watchOf(source: ObservableQueries): QueryWatch | undefined {
  return watches.get(querySource(source, undefined).source)
}

function readLanguage(language: unknown): KnownQuerySource['dialect'] | undefined {
  if (language === undefined || language === 'postgres' || language === 'mysql') return language
  throw expected('language', '"postgres" or "mysql"', language)
}
