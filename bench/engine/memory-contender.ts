// Measures one cache of one size in a process of its own, and prints its figures as JSON.
//
//   node --expose-gc bench/engine/memory-contender.ts CONTENDER ENTRIES OPERATIONS
import { LRUCache } from 'lru-cache'
import { MemoryCache } from 'reprise/memory'

/** Type, not interface: its medians are taken field by field. */
export type MemoryFigures = {
  /** Nanoseconds of processor time of this thread. */
  readonly getNs: number
  readonly getWithTtlNs: number
  readonly replayNs: number
  readonly replayWithTtlNs: number
  /** What an entry takes besides its key and value. */
  readonly bytesPerEntry: number
  readonly bytesPerEntryWithTtl: number
}

interface Cache {
  get(key: string): unknown
  set(key: string, value: number): unknown
}

const ttl = 3_600_000
const contenders: Readonly<Record<string, (entries: number, withTtl: boolean) => Cache>> = {
  'lru-cache': (max, withTtl) => new LRUCache<string, number>(withTtl ? { max, ttl } : { max }),
  reprise: (maxEntries, withTtl) => new MemoryCache<string, number>(withTtl ? { maxEntries, ttl } : { maxEntries }),
  'reprise lru': (maxEntries, withTtl) =>
    new MemoryCache<string, number>({ maxEntries, policy: 'lru', ...(withTtl && { ttl }) }),
}

const [name = '', entriesText, operationsText] = process.argv.slice(2)
const open = contenders[name]
if (open === undefined) throw new Error(`no such contender: ${name}`)
const [entries, operations] = [Number(entriesText), Number(operationsText)]
const keys = Array.from({ length: Math.ceil(entries * 1.25) }, (_, index) => `user:profile:${index}`)
const [plain, timed] = [measure(open, false), measure(open, true)]
const figures: MemoryFigures = {
  getNs: plain.getNs,
  getWithTtlNs: timed.getNs,
  replayNs: plain.replayNs,
  replayWithTtlNs: timed.replayNs,
  bytesPerEntry: plain.bytesPerEntry,
  bytesPerEntryWithTtl: timed.bytesPerEntry,
}
process.stdout.write(JSON.stringify(figures))

function measure(make: (entries: number, withTtl: boolean) => Cache, withTtl: boolean) {
  const before = bytesInUse()
  const cache = make(entries, withTtl)
  // As full as it gets, and a little more, so that what comes with the first evictions is there.
  for (const [index, key] of keys.slice(0, Math.ceil(entries * 1.01)).entries()) cache.set(key, index)
  const bytesPerEntry = (bytesInUse() - before) / entries
  const kept = keys.slice(0, entries).filter(key => cache.get(key) !== undefined)
  const random = numbers(7)
  const hits = Array.from({ length: operations }, () => kept[Math.floor(random() * kept.length)] ?? '')
  const requests = Array.from({ length: operations }, () => keys[Math.floor(random() ** 3 * keys.length)] ?? '')
  readAll(cache, hits.slice(0, 200_000))
  const getNs = cpuNs(() => readAll(cache, hits)) / operations
  replay(cache, requests.slice(0, 200_000))
  const replayNs = cpuNs(() => replay(cache, requests)) / operations
  return { bytesPerEntry, getNs, replayNs }
}

function readAll(cache: Cache, wanted: readonly string[]): void {
  for (const key of wanted) if (cache.get(key) === undefined) throw new Error(`${key} was lost`)
}

function replay(cache: Cache, requests: readonly string[]): void {
  for (const key of requests) if (cache.get(key) === undefined) cache.set(key, 1)
}

function bytesInUse(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function cpuNs(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) * 1_000
}

/** The same numbers from 0 to 1 at every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
