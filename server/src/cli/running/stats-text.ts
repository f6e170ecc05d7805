import { type Static, Type } from 'typebox'
import { duration } from '../duration.ts'
import { table } from '../table.ts'

const NumberOrNull = Type.Union([Type.Number(), Type.Null()])
const Windows = Type.Object({ last_5m: Type.Number(), last_hour: Type.Number(), all: Type.Number() })
const Latency = Type.Object({ count: Type.Number(), p50_ms: NumberOrNull, p95_ms: NumberOrNull, p99_ms: NumberOrNull })
const TopKeys = Type.Array(Type.Object({ key: Type.String(), weight: Type.Number() }))

const CacheStats = Type.Object({
  entries: Type.Number(),
  bytes: Type.Number(),
  max_entries: NumberOrNull,
  max_bytes: NumberOrNull,
  hit_rate: Windows,
  hits: Windows,
  misses: Windows,
  stale_served: Windows,
  loads_saved_by_single_flight: Windows,
  errors: Windows,
  removals: Type.Record(Type.String(), Type.Number()),
  read_latency: Latency,
  load_latency: Latency,
  saved_ms: Type.Number(),
  top_keys_by_hits: TopKeys,
  top_keys_by_cost: TopKeys,
})

/** What of `GET /api/cache/stats` is shown. */
export const Stats = Type.Object({
  since: Type.String(),
  at: Type.String(),
  status: Type.String(),
  warnings: Type.Array(Type.String()),
  redis: Type.Object({ available: Type.Boolean(), used_bytes: NumberOrNull }),
  pool: Type.Union([Type.Object({ size: Type.Number(), available: Type.Number() }), Type.Null()]),
  caches: Type.Record(Type.String(), CacheStats),
})

/** The figures of all caches, for people. */
export function statsText({ since, at, status, warnings, redis, pool, caches }: Static<typeof Stats>): string {
  const rows = Object.entries(caches).map(([cache, figures]) => ({
    cache,
    entries: figures.entries,
    'of at most': figures.max_entries ?? (figures.max_bytes === null ? '–' : megabytes(figures.max_bytes)),
    'hits % 5 min': figures.hit_rate.last_5m,
    '1 h': figures.hit_rate.last_hour,
    all: figures.hit_rate.all,
    reads: figures.hits.all + figures.misses.all,
    p50: duration(figures.read_latency.p50_ms),
    p99: duration(figures.read_latency.p99_ms),
    'loads saved': figures.loads_saved_by_single_flight.all,
    'time saved': duration(figures.saved_ms),
  }))
  const facts = [
    `${status} at ${at}, counted since ${since}`,
    redis.available ? `Redis: ${redis.used_bytes === null ? 'available' : megabytes(redis.used_bytes)}` : undefined,
    pool === null ? undefined : `PostgreSQL: ${pool.available} of ${pool.size} connections free`,
    ...warnings.map(warning => `! ${warning}`),
  ]
  return `${facts.filter(fact => fact !== undefined).join('\n')}\n\n${table(rows)}`
}

/** One cache in detail, for people. */
export function cacheText(cache: string, figures: Static<typeof CacheStats>): string {
  const windows = {
    'hits %': figures.hit_rate,
    hits: figures.hits,
    misses: figures.misses,
    'stale served': figures.stale_served,
    'loads saved by single-flight': figures.loads_saved_by_single_flight,
    errors: figures.errors,
  }
  const counted = Object.entries(windows).map(([figure, { last_5m, last_hour, all }]) => ({
    figure,
    '5 min': last_5m,
    '1 h': last_hour,
    all,
  }))
  const timed = [['reads', figures.read_latency] as const, ['loads', figures.load_latency] as const].map(
    ([what, { count, p50_ms, p95_ms, p99_ms }]) => ({
      what,
      count,
      p50: duration(p50_ms),
      p95: duration(p95_ms),
      p99: duration(p99_ms),
    }),
  )
  const removals = Object.entries(figures.removals).map(([reason, removed]) => `${removed} ${reason}`)
  const lists = [
    ['keys by hits', figures.top_keys_by_hits] as const,
    ['keys by what their loads took (ms)', figures.top_keys_by_cost] as const,
  ].flatMap(([title, keys]) =>
    keys.length === 0 ? [] : [`\n${title}\n${table(keys.map(({ key, weight }) => ({ key, weight })))}`],
  )
  const size = `${figures.entries} entries${figures.max_entries === null ? '' : ` of at most ${figures.max_entries}`}`
  return [
    `${cache}: ${size}, ${megabytes(figures.bytes)} counted; ${duration(figures.saved_ms)} of loading saved\n`,
    `removed from memory: ${removals.length === 0 ? 'nothing' : removals.join(', ')}\n\n`,
    table(counted),
    `\n${table(timed)}`,
    ...lists,
  ].join('')
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`
}
