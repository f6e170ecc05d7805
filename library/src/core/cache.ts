import type { Key } from '../base/key.ts'
import type { CacheEvents } from './cache-events.ts'
import type { Explanation } from './facade/explain.ts'
import type { FoundKey, KeysOptions } from './facade/find-keys.ts'
import type { CacheStats } from './facade/stats.ts'
import type { WarmEntry, WarmOptions, WarmResult } from './facade/warm.ts'
import type { InvalidationResult } from './invalidation/invalidations.ts'
import type { BatchLoader } from './load/batch.ts'
import type { Loader } from './load/loader.ts'
import type { CachePolicyOptions, CallOptions } from './policy.ts'

/** What became of a value that was set. */
export interface SetResult {
  /**
   * `done`: Redis has the value, or, being full, nothing. `queued`: Redis could not be reached; what it may hold under the
   * key is deleted there once it can.
   */
  readonly redis: 'done' | 'queued' | 'none'
}

/** A cache, or a namespace of one: keys and tags of a namespace are its own, and what invalidates above it reaches it. */
export interface Cache {
  /** The path: the cache's name and those of namespaces, `app/rag`. */
  readonly path: string
  /** The value under a key; undefined when there is none. */
  get<Value = unknown>(key: Key, options?: CallOptions): Promise<Value | undefined>
  /** The value under a key, if memory can serve it at once; undefined when it must be looked for, as `get` does. */
  getNow<Value = unknown>(key: Key): Value | undefined
  /**
   * The value under a key, loaded where there is none. Callers of one key share one load.
   * @throws what the loader throws; RepriseError `deadline_exceeded`, `load_timeout`, `not_encodable`
   * @example const user = await cache.getOrSet(['user', id], ({ signal }) => db.user(id, { signal }), { ttl: '10m' })
   */
  getOrSet<Value>(key: Key, loader: Loader<Value>, options?: CallOptions): Promise<Value>
  /** The values under keys, in their order; undefined where there is none. */
  getMany<Value = unknown>(keys: readonly Key[], options?: CallOptions): Promise<(Value | undefined)[]>
  /**
   * The values under keys, in their order; those that are missing are loaded by one call, which answers a list in the
   * order of the missing keys, or a Map by key.
   * @example const users = await cache.getOrSetMany(ids, missing => db.users(missing))
   */
  getOrSetMany<K extends Key, Value>(
    keys: readonly K[],
    loader: BatchLoader<K, Value>,
    options?: CallOptions,
  ): Promise<(Value | undefined)[]>
  /** Keeps a value. A load of the key that is under way is not kept over it. */
  set(key: Key, value: unknown, options?: CallOptions): Promise<SetResult>
  setMany(entries: Iterable<readonly [key: Key, value: unknown]>, options?: CallOptions): Promise<SetResult>
  has(key: Key, options?: CallOptions): Promise<boolean>
  /** Removes what is kept under a key in all tiers and processes, and fences loads under way. */
  delete(key: Key): Promise<InvalidationResult>
  deleteMany(keys: readonly Key[]): Promise<InvalidationResult>
  /** Removes whatever bears one of the tags, here and in the namespaces below. */
  invalidateTags(tags: readonly string[]): Promise<InvalidationResult>
  /** Removes what lies under keys whose readable text matches: `*` is any text, `?` one character. Reads all keys; tags are cheaper. */
  invalidatePattern(pattern: string): Promise<InvalidationResult>
  /** Removes everything here and in the namespaces below. */
  clear(): Promise<InvalidationResult>
  /** Frees the memory of entries whose time is over; answers how many. Redis does so by itself. */
  cleanup(): Promise<{ readonly removed: number }>
  /** A part of this cache with keys and options of its own. Costs next to nothing to make anew. */
  namespace(name: string, options?: CachePolicyOptions): Cache
  /** Calls a listener for every later event of the whole cache, until the returned function is called. */
  on<Name extends keyof CacheEvents>(name: Name, listener: (event: CacheEvents[Name]) => void): () => void
  /** Whether a load of the key is under way that a `getOrSet` called now would share: one that nothing has overtaken. */
  isLoading(key: Key): boolean
  /** Of the whole cache. */
  stats(): CacheStats
  /** Which tier holds a key, how old, under which tags, and why it would or would not be served. Changes nothing. */
  explain(key: Key): Promise<Explanation>
  /** Keys that something is kept under, for people who look: of memory first, then of Redis. Reads all keys to find some. */
  keys(options?: KeysOptions): Promise<readonly FoundKey[]>
  /** Fills the cache ahead of its use. */
  warm(entries: Iterable<WarmEntry> | AsyncIterable<WarmEntry>, options?: WarmOptions): Promise<WarmResult>
  /** Closes the whole cache: loads under way are cancelled, connections closed. */
  close(): Promise<void>
}
