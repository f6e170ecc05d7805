import { addLatencies } from './latencies.ts'
import { addCounts, type WindowCounts } from './time-windows.ts'
import { type KeyWeight, mergeTop } from './top-keys.ts'

/** What the admin API tells apart. */
export const cacheNames = ['ai', 'rag', 'db', 'http', 'embeddings', 'guest'] as const
export type CacheName = (typeof cacheNames)[number]

/** What was counted of one cache in one process: plain data that adds up over processes. */
export interface CacheFigures {
  readonly name: CacheName
  /** Entries in this process's memory, and their bytes where bytes are counted. */
  readonly entries: number
  readonly bytes: number
  /** How full memory may get; undefined where there is no such bound. */
  readonly maxEntries: number | undefined
  readonly maxBytes: number | undefined
  readonly hits: WindowCounts
  readonly misses: WindowCounts
  /** Of the hits, those past their time. */
  readonly stale: WindowCounts
  /** Reads that shared another's load. */
  readonly coalesced: WindowCounts
  readonly errors: WindowCounts
  /** Hits and misses of the last hour in slots of ten seconds, the latest last. */
  readonly recent: { readonly hits: readonly number[]; readonly misses: readonly number[] }
  /** How often values left memory, by cause. */
  readonly removals: Readonly<Record<string, number>>
  readonly reads: readonly number[]
  readonly loads: readonly number[]
  /** Time that hits would have cost, had they been loaded, ms. */
  readonly savedMs: number
  readonly topByHits: readonly KeyWeight[]
  /** By the milliseconds that their loads took. */
  readonly topByCost: readonly KeyWeight[]
}

export const topKeysKept = 50

/** The figures of one cache over several processes. Bounds add up too: each process has a memory of its own. */
export function addFigures(one: CacheFigures, other: CacheFigures): CacheFigures {
  return {
    name: one.name,
    entries: one.entries + other.entries,
    bytes: one.bytes + other.bytes,
    maxEntries: sumOf(one.maxEntries, other.maxEntries),
    maxBytes: sumOf(one.maxBytes, other.maxBytes),
    hits: addCounts(one.hits, other.hits),
    misses: addCounts(one.misses, other.misses),
    stale: addCounts(one.stale, other.stale),
    coalesced: addCounts(one.coalesced, other.coalesced),
    errors: addCounts(one.errors, other.errors),
    recent: {
      hits: addSlots(one.recent.hits, other.recent.hits),
      misses: addSlots(one.recent.misses, other.recent.misses),
    },
    removals: addRecords(one.removals, other.removals),
    reads: addLatencies(one.reads, other.reads),
    loads: addLatencies(one.loads, other.loads),
    savedMs: one.savedMs + other.savedMs,
    topByHits: mergeTop([one.topByHits, other.topByHits], topKeysKept),
    topByCost: mergeTop([one.topByCost, other.topByCost], topKeysKept),
  }
}

function sumOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other
}

function addSlots(one: readonly number[], other: readonly number[]): readonly number[] {
  return one.map((count, slot) => count + (other[slot] ?? 0))
}

function addRecords(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum = new Map(Object.entries(one))
  for (const [name, count] of Object.entries(other)) sum.set(name, (sum.get(name) ?? 0) + count)
  return Object.fromEntries(sum)
}
