import { parseDuration } from '../base/duration.ts'
import { RepriseError } from '../base/reprise-error.ts'
import type { EvictionPolicy, EvictionScene } from '../ports/eviction-policy.ts'
import { AdaptivePolicy } from './adaptive-policy.ts'
import { Expiry } from './expiry.ts'
import { keyHash } from './key-hash.ts'
import { LruPolicy } from './lru-policy.ts'
import {
  type MemoryCacheOptions,
  type MemoryCacheSettings,
  type MemorySetOptions,
  type RemovalCause,
  readOptions,
  requireBytes,
  requireSetOptions,
} from './memory-cache-options.ts'
import { Removals } from './removals.ts'
import { Slots } from './slots.ts'

/** No key, not even undefined. */
const nothing = Symbol('nothing')

/** How deep `set` may evict within `onRemove` within `set`. */
const deepestRemoval = 50

/** Counted since the cache was made. */
export interface MemoryCacheStats {
  /** Entries now, those included that have ended and not been met since. */
  readonly size: number
  /** Bytes now, as `maxBytes` counts them; 0 in a cache bounded by entries. */
  readonly bytes: number
  /** What `get` found and did not find. */
  readonly hits: number
  readonly misses: number
  /** Values that alone were larger than `maxBytes` and were not kept. */
  readonly refused: number
  readonly removals: Readonly<Record<RemovalCause, number>>
  /** How often `onRemove` threw. */
  readonly failedCallbacks: number
}

/**
 * A bounded cache in the memory of this process. Every call is synchronous and takes a handful of steps.
 *
 * It shares references: what `get` answers is what `set` was given, and changing the one changes the other. (Caches of
 * `createCache` copy.) Keys are compared as those of a `Map` are. An entry that has ended is no longer found; its memory
 * is given back when it is met, evicted or purged.
 *
 * Who goes when it is full is decided by `policy`: see `AdaptivePolicy` (S3-FIFO with queues that adapt, the default) and
 * `LruPolicy`. Measured hit ratios are in `docs/decisions/0005-eviction-policy.md`.
 *
 * @throws RepriseError `invalid_option` that names the option
 * @example
 * const cache = new MemoryCache<string, { name: string }>({ maxEntries: 10_000, ttl: '10m' })
 * cache.set('user:7', { name: 'Ada' })
 * cache.get('user:7')?.name // 'Ada'
 * cache.get('user:8') // undefined
 */
export class MemoryCache<K, V> {
  readonly #settings: MemoryCacheSettings<K, V>
  readonly #slots: Slots<K, V>
  readonly #policy: EvictionPolicy
  readonly #expiry: Expiry
  readonly #removals: Removals<K, V>
  /** Bytes by slot; empty in a cache that counts entries. */
  #sizes = new Float64Array(0)
  #bytes = 0
  #hits = 0
  #misses = 0
  #refused = 0
  /** What `get` did not find last, while nothing came since: most callers set it next, and it need not be sought again. */
  #missing: K | typeof nothing = nothing

  constructor(options: MemoryCacheOptions<K, V>) {
    this.#settings = readOptions(options)
    const { bound, mostEntries, policy, sizeOf, clock, onRemove } = this.#settings
    this.#slots = new Slots(mostEntries, capacity => this.#grow(capacity))
    const scene: EvictionScene = {
      bound,
      weightOf: sizeOf === undefined ? () => 1 : slot => this.#sizeAt(slot),
      hashOf: slot => keyHash(this.#slots.keyOf(slot)),
    }
    this.#policy = policy === 'lru' ? new LruPolicy(scene) : new AdaptivePolicy(scene)
    this.#expiry = new Expiry(clock)
    this.#removals = new Removals(onRemove)
  }

  /** How many entries there are, those included that have ended and not been met since. */
  get size(): number {
    return this.#slots.size
  }

  /** How many bytes they count; 0 in a cache bounded by entries. */
  get bytes(): number {
    return this.#bytes
  }

  /** The value under a key, which counts as a use of it; undefined when there is none. */
  get(key: K): V | undefined {
    const slot = this.#slots.find(key)
    if (slot === undefined) {
      this.#misses += 1
      this.#missing = key
      return undefined
    }
    if (this.#expiry.isOver(slot)) {
      this.#misses += 1
      this.#remove(slot, 'expired')
      this.#removals.tell()
      return undefined
    }
    this.#hits += 1
    this.#policy.touch(slot)
    return this.#slots.valueOf(slot)
  }

  /** The value under a key; counts neither as a use nor as a hit or miss. */
  peek(key: K): V | undefined {
    const slot = this.#slots.find(key)
    return slot === undefined || this.#expiry.isOver(slot) ? undefined : this.#slots.valueOf(slot)
  }

  /** Whether there is a value under a key; counts neither as a use nor as a hit or miss. */
  has(key: K): boolean {
    const slot = this.#slots.find(key)
    return slot !== undefined && !this.#expiry.isOver(slot)
  }

  /**
   * Keeps a value under a key, in the place of an earlier one, and makes room for it first.
   * @returns false when the value alone is larger than `maxBytes`: it is not kept, and neither is an earlier one.
   * @throws RepriseError `invalid_option`; what `sizeOf` throws. The cache is unchanged then.
   */
  set(key: K, value: V, options?: MemorySetOptions): boolean {
    const ttlMs = options === undefined ? this.#settings.ttlMs : this.#ttlOf(options)
    const bytes = this.#settings.sizeOf === undefined ? 1 : this.#bytesOf(key, value, options?.bytes)
    if (this.#removals.depth >= deepestRemoval) throw endless()
    const slot = key === this.#missing ? undefined : this.#slots.find(key)
    const isKept = bytes <= this.#settings.bound
    if (!isKept) {
      this.#refused += 1
      if (slot !== undefined) this.#remove(slot, this.#expiry.isOver(slot) ? 'expired' : 'replaced')
    } else if (slot === undefined) this.#add(key, value, bytes, ttlMs)
    else this.#replace(slot, value, bytes, ttlMs)
    this.#removals.tell()
    return isKept
  }

  /** Removes the value under a key, and answers whether there was one. */
  delete(key: K): boolean {
    const slot = this.#slots.find(key)
    if (slot === undefined) return false
    const isOver = this.#expiry.isOver(slot)
    this.#remove(slot, isOver ? 'expired' : 'deleted')
    this.#removals.tell()
    return !isOver
  }

  /** Removes everything, and forgets what was learnt of its use. */
  clear(): void {
    if (this.#removals.areTold) {
      for (const [key, slot] of this.#slots.entries()) this.#removals.note(key, this.#slots.valueOf(slot), 'cleared')
    } else this.#removals.count('cleared', this.#slots.size)
    this.#slots.clear()
    this.#policy.clear()
    this.#expiry.clear()
    this.#sizes = new Float64Array(0)
    this.#bytes = 0
    this.#removals.tell()
  }

  /** Removes every entry that has ended, and answers how many there were. Walks the whole cache. */
  purgeExpired(): number {
    let purged = 0
    for (const [, slot] of this.#slots.entries()) {
      if (!this.#expiry.isOver(slot)) continue
      this.#remove(slot, 'expired')
      purged += 1
    }
    this.#removals.tell()
    return purged
  }

  /** How many milliseconds an entry has left: Infinity when it has no end, 0 when there is no such entry. */
  getRemainingTtl(key: K): number {
    const slot = this.#slots.find(key)
    return slot === undefined ? 0 : this.#expiry.remainingMs(slot)
  }

  stats(): MemoryCacheStats {
    return {
      size: this.size,
      bytes: this.#bytes,
      hits: this.#hits,
      misses: this.#misses,
      refused: this.#refused,
      removals: this.#removals.counts,
      failedCallbacks: this.#removals.failedCallbacks,
    }
  }

  /**
   * The entries that have not ended, in the order in which their keys came (past 8,388,608 entries, in two such orders).
   * Counts as no use; the cache may change meanwhile.
   */
  *entries(): Generator<[key: K, value: V], undefined> {
    for (const [key, slot] of this.#slots.entries()) {
      if (!this.#expiry.isOver(slot)) yield [key, this.#slots.valueOf(slot)]
    }
  }

  /** The keys, as `entries` gives them. */
  *keys(): Generator<K, undefined> {
    for (const [key] of this.entries()) yield key
  }

  /** The values, as `entries` gives them. */
  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value
  }

  /** Calls a function with each entry, as `entries` gives them. */
  forEach(visit: (value: V, key: K, cache: MemoryCache<K, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }

  [Symbol.iterator](): Generator<[key: K, value: V], undefined> {
    return this.entries()
  }

  #add(key: K, value: V, bytes: number, ttlMs: number | undefined): void {
    this.#makeRoom(bytes)
    this.#missing = nothing
    const slot = this.#slots.add(key, value)
    if (this.#settings.sizeOf !== undefined) {
      this.#sizes[slot] = bytes
      this.#bytes += bytes
    }
    this.#expiry.begin(slot, ttlMs)
    this.#policy.insert(slot)
  }

  #replace(slot: number, value: V, bytes: number, ttlMs: number | undefined): void {
    const key = this.#slots.keyOf(slot)
    const earlier = this.#slots.valueOf(slot)
    const change = this.#settings.sizeOf === undefined ? 0 : bytes - this.#sizeAt(slot)
    this.#policy.touch(slot)
    if (change > 0) this.#makeRoom(change, slot)
    // Setting the same value anew is no end of it, so that onRemove does not dispose of what is still in use.
    if (!Object.is(value, earlier)) {
      this.#removals.note(key, earlier, this.#expiry.isOver(slot) ? 'expired' : 'replaced')
      this.#slots.setValue(slot, value)
    }
    if (change !== 0) {
      this.#sizes[slot] = bytes
      this.#bytes += change
      this.#policy.resize(slot, change)
    }
    this.#expiry.begin(slot, ttlMs)
  }

  /** Evicts until this much more fits, which is no more than the bound; never the entry that grows. */
  #makeRoom(needed: number, growing = -1): void {
    const { bound, mostEntries, sizeOf } = this.#settings
    while ((sizeOf === undefined ? this.#slots.size : this.#bytes) + needed > bound) this.#evict(growing)
    if (growing < 0 && this.#slots.size === mostEntries) this.#evict(growing)
  }

  #evict(growing: number): void {
    const slot = this.#policy.evict()
    if (slot === growing) this.#policy.insert(slot)
    else this.#release(slot, this.#expiry.isOver(slot) ? 'expired' : 'evicted')
  }

  #remove(slot: number, cause: RemovalCause): void {
    this.#policy.remove(slot)
    this.#release(slot, cause)
  }

  #release(slot: number, cause: RemovalCause): void {
    this.#removals.note(this.#slots.keyOf(slot), this.#slots.valueOf(slot), cause)
    if (this.#settings.sizeOf !== undefined) this.#bytes -= this.#sizeAt(slot)
    this.#slots.release(slot)
  }

  #ttlOf(options: MemorySetOptions): number | undefined {
    requireSetOptions(options, this.#settings.sizeOf !== undefined)
    return options.ttl === undefined ? this.#settings.ttlMs : parseDuration(options.ttl, 'ttl')
  }

  #bytesOf(key: K, value: V, given: number | undefined): number {
    const bytes = given ?? this.#settings.sizeOf?.(value, key) ?? 1
    requireBytes(bytes, given === undefined ? 'sizeOf' : 'bytes')
    return bytes
  }

  #sizeAt(slot: number): number {
    // Slots lie below the capacity, for which there is room.
    return this.#sizes[slot] as number
  }

  #grow(capacity: number): void {
    this.#policy.grow(capacity)
    this.#expiry.grow(capacity)
    if (this.#settings.sizeOf === undefined) return
    this.#sizes = new Float64Array(this.#sizes.buffer.transfer(capacity * Float64Array.BYTES_PER_ELEMENT))
  }
}

function endless(): RepriseError {
  const message = `onRemove sets entries that evict others, ${deepestRemoval} deep: let it set fewer.`
  return new RepriseError('invalid_option', message, { field: 'onRemove' })
}
