import type { Registry } from 'prom-client'
import { Announcer } from '../../base/announcer.ts'
import { expected, readCount, readNames } from '../../base/option-reading.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import type { DatabaseEvents } from '../../ports/database-events.ts'
import { logDatabase } from '../log/log-database.ts'
import type { Logger } from '../log/logger.ts'
import { databaseMetricsIn, type PoolState } from './metrics/database-metrics.ts'
import { DialectPool } from './pools/kysely-dialect.ts'
import { observeMysqlPool, readMysqlPool } from './pools/mysql-pool.ts'
import { observePgPool, readPgPool } from './pools/pg-pool.ts'
import type { PoolWarning } from './pools/pool-alerts.ts'
import { type KnownPool, type ObservablePool, poolKind } from './pools/pool-kind.ts'
import { PoolWatch } from './pools/pool-watch.ts'
import { readAnnouncer, readLogger, readRegistry } from './read-observers.ts'

export interface ObservePoolOptions {
  /** Where the families are registered. Several pools in one registry add up. */
  readonly registry: Registry
  /** The label `pool` of the families that show each pool, and its name in logs. */
  readonly name: string
  /** Share of taken connections, above 0 up to 1, from which on the pool is nearly used up. Default 0.9. */
  readonly alertAbove?: number
  /** Is told of each acquisition, and of what was noticed. */
  readonly announcer?: Announcer<DatabaseEvents>
  /** Alerts are written here, as warnings. */
  readonly logger?: Logger
  /** How many connections a Kysely dialect opens at most; the pools of `pg` and `mysql2` say it themselves. */
  readonly size?: number
}

const optionNames = new Set(['registry', 'name', 'alertAbove', 'announcer', 'logger', 'size'])

interface Observed {
  readonly registry: Registry
  readonly watch: PoolWatch
}

const observed = new WeakMap<object, Observed>()
const watchesIn = new WeakMap<Registry, Set<PoolWatch>>()

/**
 * Shows a pool of `pg`, of `mysql2` (callbacks or promises) or a dialect of Kysely in Prometheus' format, and answers that
 * same pool: `db_connection_pool_size` and `db_connection_pool_available` over all pools of the registry, and for each
 * pool its level, who waits, for how long, and who waited in vain. The gauges are read from the pool at each scrape, so
 * that destroyed and broken connections, time-outs and a changed maximum cannot make them wrong. A pool that has ended is
 * shown no more.
 *
 * That a pool is nearly used up, or that callers wait in vain, is noticed by itself: counted, announced as `pool_alert`,
 * and written to the logger.
 *
 * @throws RepriseError `invalid_option`
 * @example
 * const pool = observePool(new Pool({ max: 20 }), { registry, name: 'orders', logger: pino() })
 */
export function observePool<Pool extends ObservablePool>(pool: Pool, options: ObservePoolOptions): Pool {
  readNames(options, optionNames, 'observePool')
  const { announcer = new Announcer<DatabaseEvents>(), logger, alertAbove = 0.9 } = options
  const registry = readRegistry(options.registry)
  const name = readName(options.name)
  readAnnouncer(announcer)
  readLogger(logger)
  if (typeof alertAbove !== 'number' || !(alertAbove > 0 && alertAbove <= 1))
    throw expected('alertAbove', 'a number above 0 and up to 1', alertAbove)
  const known = poolKind(pool)
  const inside = known.kind === 'dialect' ? known.dialect : known.pool
  if (observed.has(inside)) {
    throw new RepriseError('invalid_option', 'pool is observed already; observe each pool once.', { field: 'pool' })
  }

  const { read, begin } = partOf(known, options)
  const metrics = databaseMetricsIn(registry)
  metrics.watch(announcer)
  metrics.show({ name, read })
  if (logger !== undefined) logDatabase(announcer, logger)
  const watch = new PoolWatch({ name, read, announcer, alertAbove })
  begin(watch)
  observed.set(inside, { registry, watch })
  const watches = watchesIn.get(registry) ?? new Set()
  for (const earlier of watches) if (earlier.hasEnded) watches.delete(earlier)
  watchesIn.set(registry, watches.add(watch))
  return pool
}

/**
 * What is the matter with the pools of a registry now, in words for a health page: nearly used up, or callers that wait
 * in vain, and since when.
 * @example for (const { advice } of poolWarnings(registry)) warnings.push(advice)
 */
export function poolWarnings(registry: Registry): readonly PoolWarning[] {
  const watches = watchesIn.get(registry) ?? new Set()
  for (const watch of watches) if (watch.hasEnded) watches.delete(watch)
  return [...watches].flatMap(watch => watch.warnings)
}

interface DriverPart {
  readonly read: () => PoolState | undefined
  readonly begin: (watch: PoolWatch) => void
}

function partOf(known: KnownPool, options: ObservePoolOptions): DriverPart {
  if (known.kind === 'pg') {
    const { pool } = known
    return { read: () => readPgPool(pool), begin: watch => observePgPool(pool, watch) }
  }
  if (known.kind === 'mysql2') {
    const { pool } = known
    return { read: () => readMysqlPool(pool), begin: watch => observeMysqlPool(pool, watch) }
  }
  const dialectPool = new DialectPool(readCount(options.size, 'size'))
  return { read: () => dialectPool.read(), begin: watch => dialectPool.observe(known.dialect, watch) }
}

function readName(name: unknown): string {
  if (typeof name === 'string' && name.length > 0 && name.length <= 100) return name
  throw expected('name', 'text of 1 to 100 characters', name)
}
