import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { type CacheFigures, cacheNames } from './cache-figures.ts'
import { percentilesOf } from './latencies.ts'
import type { KeyWeight } from './top-keys.ts'

const Percent = Type.Number({ minimum: 0, maximum: 100, description: 'Percent; 0 before any use.' })
const Count = Type.Integer({ minimum: 0 })
const Windows = <Field extends typeof Percent | typeof Count>(field: Field) =>
  Type.Object({ last_5m: field, last_hour: field, all: field })
const Milliseconds = Type.Union([Type.Number(), Type.Null()], { description: 'ms; null before anything was measured.' })
const Latency = Type.Object({ count: Count, p50_ms: Milliseconds, p95_ms: Milliseconds, p99_ms: Milliseconds })
const TopKey = Type.Object({ key: Type.String(), weight: Type.Number() })
const Bound = Type.Union([Count, Type.Null()])

/** The detailed figures of one cache, as the admin API answers them. */
export const CacheReport = Type.Object(
  {
    cache: Type.Enum(cacheNames, { type: 'string' }),
    entries: Type.Integer({ description: 'In memory; what Redis holds is not counted.' }),
    bytes: Type.Integer({ description: 'In memory; 0 where entries are counted instead.' }),
    max_entries: Bound,
    max_bytes: Bound,
    memory_used_percent: Percent,
    hit_rate: Windows(Percent),
    hits: Windows(Count),
    misses: Windows(Count),
    stale_served: Windows(Count),
    loads_saved_by_single_flight: Windows(Count),
    errors: Windows(Count),
    removals: Type.Record(Type.String(), Count),
    read_latency: Latency,
    load_latency: Latency,
    saved_ms: Type.Number({ description: 'Hits times the mean time of a load.' }),
    top_keys_by_hits: Type.Array(TopKey),
    top_keys_by_cost: Type.Array(TopKey, { description: 'By the milliseconds that their loads took.' }),
  },
  { description: 'One cache.' },
)

export interface PresentOptions {
  /** Keys may hold personal data: they are hashed unless it is allowed to show them. */
  readonly showKeys: boolean
  readonly topKeys: number
}

export function presentFigures(figures: CacheFigures, options: PresentOptions): Static<typeof CacheReport> {
  const { hits, misses, stale, coalesced, errors } = figures
  return {
    cache: figures.name,
    entries: figures.entries,
    bytes: figures.bytes,
    max_entries: figures.maxEntries ?? null,
    max_bytes: figures.maxBytes ?? null,
    memory_used_percent: fullness(figures),
    hit_rate: {
      last_5m: rate(hits.fiveMinutes, misses.fiveMinutes),
      last_hour: rate(hits.hour, misses.hour),
      all: rate(hits.all, misses.all),
    },
    hits: windowsOf(hits),
    misses: windowsOf(misses),
    stale_served: windowsOf(stale),
    loads_saved_by_single_flight: windowsOf(coalesced),
    errors: windowsOf(errors),
    removals: { ...figures.removals },
    read_latency: latencyOf(figures.reads),
    load_latency: latencyOf(figures.loads),
    saved_ms: Math.round(figures.savedMs),
    top_keys_by_hits: topOf(figures.topByHits, options),
    top_keys_by_cost: topOf(figures.topByCost, options),
  }
}

/** hits / (hits + misses) in percent, two decimals; 0 before any use. */
export function rate(hits: number, misses: number): number {
  return hits + misses === 0 ? 0 : Math.round((hits / (hits + misses)) * 10_000) / 100
}

/** How full the memory of a cache is, in percent; 0 where it has no bound. */
export function fullness({ entries, bytes, maxEntries, maxBytes }: CacheFigures): number {
  const share = maxBytes !== undefined ? bytes / maxBytes : maxEntries !== undefined ? entries / maxEntries : 0
  return Math.min(100, Math.round(share * 10_000) / 100)
}

/** What stands for a key that may not be shown: the beginning of its SHA-256. */
export function hashedKey(readable: string): string {
  return `sha256:${createHash('sha256').update(readable).digest('hex').slice(0, 16)}`
}

function windowsOf(counts: CacheFigures['hits']): Static<ReturnType<typeof Windows<typeof Count>>> {
  return { last_5m: counts.fiveMinutes, last_hour: counts.hour, all: counts.all }
}

function latencyOf(counts: readonly number[]): Static<typeof Latency> {
  const { count, p50, p95, p99 } = percentilesOf(counts)
  return { count, p50_ms: p50 ?? null, p95_ms: p95 ?? null, p99_ms: p99 ?? null }
}

function topOf(keys: readonly KeyWeight[], { showKeys, topKeys }: PresentOptions): Static<typeof TopKey>[] {
  return keys.slice(0, topKeys).map(({ key, weight }) => ({
    key: showKeys ? key : hashedKey(key),
    weight: Math.round(weight),
  }))
}
