// Measures one cache of one size in a process of its own, and prints its figures as JSON.
//
//   node --expose-gc bench/engine/memory-contender.ts CONTENDER ENTRIES OPERATIONS [ttl]
import { setTimeout } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { MemoryCache } from 'reprise/memory'

/** Type, not interface: its medians are taken field by field. */
export type MemoryFigures = {
  /** Nanoseconds of processor time of this thread for a get that finds. */
  readonly getNs: number
  /** The same for a get, and a set where nothing was found. */
  readonly replayNs: number
  /** What an entry takes besides its key and value. */
  readonly bytesPerEntry: number
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

const [name = '', entriesText, operationsText, ttlText] = process.argv.slice(2)
const open = contenders[name]
if (open === undefined) throw new Error(`no such contender: ${name}`)
const [entries, operations, withTtl] = [Number(entriesText), Number(operationsText), ttlText === 'ttl']
const keys = Array.from({ length: Math.ceil(entries * 1.25) }, (_, index) => `user:profile:${index}`)
// Texts that were put together take more until they are first looked up.
const flat = new Set(keys).size === keys.length
const random = numbers(7)
const wanted = Float64Array.from({ length: operations }, random)

// What is compiled at the first use is no part of the entries.
fill(open(1_000, withTtl), 5_000)
const before = await bytesInUse()
const cache = open(entries, withTtl)
// As full as it gets, and a little more, so that what comes with the first evictions is there.
fill(cache, Math.ceil(entries * 1.01))
const bytesPerEntry = ((await bytesInUse()) - before) / entries

const kept = keys.filter(key => flat && cache.get(key) !== undefined)
readAll(wanted.subarray(0, 200_000))
const getNs = cpuNs(() => readAll(wanted)) / operations
replay(wanted.subarray(0, 200_000))
const replayNs = cpuNs(() => replay(wanted)) / operations
const figures: MemoryFigures = { getNs, replayNs, bytesPerEntry }
process.stdout.write(JSON.stringify(figures))

function fill(target: Cache, amount: number): void {
  for (let index = 0; index < amount; index += 1) target.set(keys[index] ?? '', index)
}

/** Of the kept keys each as often as the others. */
function readAll(places: Float64Array): void {
  for (const place of places) {
    const key = kept[Math.floor(place * kept.length)] ?? ''
    if (cache.get(key) === undefined) throw new Error(`${key} was lost`)
  }
}

/** Of all keys some much more often than others. */
function replay(places: Float64Array): void {
  for (const place of places) {
    const key = keys[Math.floor(place ** 3 * keys.length)] ?? ''
    if (cache.get(key) === undefined) cache.set(key, 1)
  }
}

/** Several times: what a collection finds dead may hold what only the next one frees. */
async function bytesInUse(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.()
    await setTimeout(20)
  }
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
