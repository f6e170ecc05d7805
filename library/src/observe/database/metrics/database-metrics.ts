import type { Registry } from 'prom-client'
import type { Announcer } from '../../../base/announcer.ts'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'
import type { DatabaseEvents, PoolLevel, StatementLabels } from '../../../ports/database-events.ts'
import { boundedLabel, labelChildren } from '../../prometheus/label-children.ts'
import { registerGauge } from '../../prometheus/register.ts'
import { registerTallies, registerTimes, type Tally, type Times } from '../../prometheus/tally.ts'
import { databaseFamilies } from './database-families.ts'
import { queryErrorClass } from './query-error-class.ts'

const maxTables = 64
const maxPools = 64

/** A pool as it stands, read at each scrape, so that no gauge can drift from it. */
export interface PoolState extends PoolLevel {
  /** Callers that wait for a connection. */
  readonly waiting: number
}

/** What shows a pool; once it has ended it answers undefined, and is forgotten. */
export interface ShownPool {
  readonly name: string
  read(): PoolState | undefined
}

type Watched = Announcer<DatabaseEvents>

/**
 * The families of databases in one registry. There is one of these for each registry, whoever asks: pools of the server,
 * of the application and of several libraries add up in the same families.
 */
export class DatabaseMetrics {
  readonly #tallyOf: (table: string, queryType: string) => StatementCounts
  readonly #errors: (errorClass: string) => Tally
  readonly #acquired: (pool: string) => Times
  readonly #timeouts: (pool: string) => Tally
  readonly #refusals: (pool: string, reason?: string) => Tally
  readonly #alerts: (pool: string, alert?: string) => Tally
  readonly #poolLabel = boundedLabel(maxPools)
  readonly #pools = new Set<ShownPool>()
  /** As databases announced theirs last. */
  readonly #levels = new Map<Watched, DatabaseEvents['pool']>()
  readonly #watched = new WeakMap<Watched, () => void>()

  constructor(registry: Registry) {
    const queriesOf = registerTallies(registry, databaseFamilies.queries)
    const secondsOf = registerTimes(registry, databaseFamilies.querySeconds)
    const failuresOf = registerTallies(registry, databaseFamilies.failedQueries)
    const rowsOf = registerTallies(registry, databaseFamilies.queryRows)
    const slowOf = registerTallies(registry, databaseFamilies.slowQueries)
    const tableLabel = boundedLabel(maxTables)
    this.#tallyOf = labelChildren((name, queryType) => {
      const table = tableLabel(name)
      const later = (tallyOf: (...labels: string[]) => Tally) => lazily(() => tallyOf(queryType, table))
      return {
        queries: queriesOf(queryType, table),
        times: secondsOf(queryType, table),
        failures: later(failuresOf),
        rows: later(rowsOf),
        slow: later(slowOf),
      }
    })
    this.#errors = registerTallies(registry, databaseFamilies.queryErrors)
    this.#acquired = labelChildren(registerTimes(registry, databaseFamilies.acquisitionSeconds))
    this.#timeouts = labelChildren(registerTallies(registry, databaseFamilies.acquisitionTimeouts))
    this.#refusals = labelChildren(registerTallies(registry, databaseFamilies.acquisitionFailures))
    this.#alerts = labelChildren(registerTallies(registry, databaseFamilies.poolAlerts))
    this.#registerPools(registry)
  }

  /** Shows a pool until it has ended, or until the returned function is called. */
  show(pool: ShownPool): () => void {
    this.#pools.add(pool)
    const label = this.#poolLabel(pool.name)
    // From the start at 0, so that the first of its kind is seen as a rise.
    this.#acquired(label)
    this.#timeouts(label)
    return () => this.#pools.delete(pool)
  }

  /** Counts what a database announces, once however often it is asked to, until the returned function is called. */
  watch(database: Watched): () => void {
    const known = this.#watched.get(database)
    if (known !== undefined) return known
    const endings = [
      database.on('query', query => this.#countQuery(query)),
      database.on('slow_query', ({ labels }) => {
        this.#countsOf(labels).slow().value += 1
      }),
      database.on('pool', level => this.#levels.set(database, level)),
      database.on('acquisition', acquisition => this.#countAcquisition(acquisition)),
      database.on('pool_alert', ({ pool, alert, change }) => {
        if (change === 'raised') this.#alerts(this.#poolLabel(pool), alert).value += 1
      }),
    ]
    const end = () => {
      for (const ending of endings) ending()
      this.#levels.delete(database)
      this.#watched.delete(database)
    }
    this.#watched.set(database, end)
    return end
  }

  #countsOf({ table, queryType }: StatementLabels): StatementCounts {
    return this.#tallyOf(table, queryType)
  }

  #countQuery({ labels, durationMs, failed, error, rows }: DatabaseEvents['query']): void {
    const counts = this.#countsOf(labels)
    counts.queries.value += 1
    counts.times.observe(durationMs / 1000)
    if (rows !== undefined && rows > 0) counts.rows().value += rows
    if (!failed) return
    counts.failures().value += 1
    this.#errors(queryErrorClass(error)).value += 1
  }

  #countAcquisition({ pool, outcome, durationMs }: DatabaseEvents['acquisition']): void {
    const label = this.#poolLabel(pool)
    if (outcome === 'acquired') this.#acquired(label).observe(durationMs / 1000)
    else if (outcome === 'timeout') this.#timeouts(label).value += 1
    else this.#refusals(label, outcome).value += 1
  }

  #registerPools(registry: Registry): void {
    const states = () => {
      const seen: { readonly label: string | undefined; readonly state: PoolState }[] = []
      for (const pool of this.#pools) {
        const state = pool.read()
        if (state === undefined) this.#pools.delete(pool)
        else seen.push({ label: this.#poolLabel(pool.name), state })
      }
      for (const { pool, size, available } of this.#levels.values()) {
        const label = pool === undefined ? undefined : this.#poolLabel(pool)
        seen.push({ label, state: { size, available, waiting: 0 } })
      }
      return seen
    }
    const sum = (part: keyof PoolState) => states().reduce((total, { state }) => total + state[part], 0)
    registerGauge(registry, databaseFamilies.poolSize, gauge => gauge.set(sum('size')))
    registerGauge(registry, databaseFamilies.poolAvailable, gauge => gauge.set(sum('available')))
    const each = { size: 'poolSizeEach', available: 'poolAvailableEach', waiting: 'poolWaiting' } as const
    for (const part of ['size', 'available', 'waiting'] as const) {
      registerGauge(registry, databaseFamilies[each[part]], gauge => {
        gauge.reset()
        for (const { label, state } of states()) if (label !== undefined) gauge.inc({ pool: label }, state[part])
      })
    }
  }
}

interface StatementCounts {
  readonly queries: Tally
  readonly times: Times
  readonly failures: () => Tally
  readonly rows: () => Tally
  readonly slow: () => Tally
}

const byRegistry = new WeakMap<Registry, DatabaseMetrics>()

/**
 * The families of databases in a registry, made at the first call.
 * @throws RepriseError `invalid_option` where the registry holds metrics of these names by somebody else
 */
export function databaseMetricsIn(registry: Registry): DatabaseMetrics {
  const known = byRegistry.get(registry)
  // A registry that was cleared shows nothing of the families that it had.
  if (known !== undefined && registry.getSingleMetric(databaseFamilies.queries.name) !== undefined) return known
  try {
    const made = new DatabaseMetrics(registry)
    byRegistry.set(registry, made)
    return made
  } catch (cause) {
    throw new RepriseError(
      'invalid_option',
      `registry must not hold the metrics of databases already: ${messageOf(cause)} Give another registry, or remove yours.`,
      { field: 'registry', cause },
    )
  }
}

/** Children that nothing was counted on yet are not shown. */
function lazily<Made>(make: () => Made): () => Made {
  let made: Made | undefined
  return () => {
    made ??= make()
    return made
  }
}
