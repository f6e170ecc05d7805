import { takeValue, takeValues } from '../../base/codec/kept-value.ts'
import { type CacheKey, cacheKey, type Key } from '../../base/key.ts'
import { namespacePath } from '../../base/namespace-path.ts'
import { expected, readNames } from '../../base/option-reading.ts'
import type { Cache, SetResult } from '../cache.ts'
import { type CacheEvents, cacheEventNames, type ReadOperation } from '../cache-events.ts'
import { Scope } from '../coherence/scope.ts'
import type { Engine } from '../engine.ts'
import type { Entry } from '../entry.ts'
import type { InvalidationResult } from '../invalidation/invalidations.ts'
import { callBegan, callEnded } from '../keep-alive.ts'
import type { BatchLoader } from '../load/batch.ts'
import { type Loader, requireLoader } from '../load/loader.ts'
import {
  type CachePolicyOptions,
  type CallOptions,
  callPolicy,
  type Policy,
  policyNames,
  readPolicy,
} from '../policy.ts'
import type { MemoryTier } from '../tiers/memory-tier.ts'
import { type Explanation, explain } from './explain.ts'
import { type FoundKey, findKeys, type KeysOptions } from './find-keys.ts'
import { KnownKeys } from './known-keys.ts'
import { Reads } from './reads.ts'
import { type CacheStats, statsOf } from './stats.ts'
import { type WarmEntry, type WarmOptions, type WarmResult, warmAll } from './warm.ts'
import { Writes } from './writes.ts'

type Operation = CacheEvents['failure']['operation']

/** One in so many hits in memory is measured. */
const measuredHits = 64

/** What callers hold: reads their options, passes on to the engine, announces each outcome. Hits in memory are served here. */
export class CacheFacade implements Cache {
  readonly path: string
  readonly #engine: Engine
  readonly #scope: Scope
  readonly #policy: Policy
  readonly #reads: Reads
  readonly #writes: Writes
  /** Undefined where the namespace leaves memory out. */
  readonly #memory: MemoryTier | undefined
  readonly #keys: KnownKeys
  #hitsUntilMeasured = 0
  #hitMs = 0

  constructor(engine: Engine, scope: Scope, policy: Policy) {
    this.path = scope.path
    this.#engine = engine
    this.#scope = scope
    this.#policy = policy
    this.#keys = new KnownKeys(scope.prefix)
    this.#reads = new Reads(engine, scope)
    this.#writes = new Writes(engine, scope)
    this.#memory = policy.skipMemory ? undefined : engine.memory
    engine.noteLoaderTimeout(policy.loaderTimeoutMs)
  }

  get<Value = unknown>(key: Key, options?: CallOptions): Promise<Value | undefined> {
    const hit = this.#hitNow(key, options, 'get')
    // Whoever names the type knows what was set under the key; here and below.
    if (hit !== undefined) return Promise.resolve(takeValue(hit.kept) as Value | undefined)
    return this.#guard('get', async () => {
      const found = await this.#reads.find(key, this.#call('get', options))
      return found && (takeValue(found.entry.kept) as Value | undefined)
    })
  }

  getNow<Value = unknown>(key: Key): Value | undefined {
    const hit = this.#hitNow(key, undefined, 'get')
    // As above.
    return hit && (takeValue(hit.kept) as Value | undefined)
  }

  getOrSet<Value>(key: Key, loader: Loader<Value>, options?: CallOptions): Promise<Value> {
    const hit = typeof loader === 'function' ? this.#hitNow(key, options, 'getOrSet') : undefined
    // What lies under the key is what its loader answered.
    if (hit !== undefined) return Promise.resolve(takeValue(hit.kept) as Value)
    return this.#guard('getOrSet', async () => {
      requireLoader(loader)
      return (await this.#reads.load(key, loader, this.#call('getOrSet', options))) as Value
    })
  }

  getMany<Value = unknown>(keys: readonly Key[], options?: CallOptions): Promise<(Value | undefined)[]> {
    return this.#guard('getMany', async () => {
      const found = await this.#reads.findMany(requireList(keys, 'keys'), this.#call('getMany', options))
      return takeValues(found.map(each => each?.entry.kept)) as (Value | undefined)[]
    })
  }

  getOrSetMany<K extends Key, Value>(
    keys: readonly K[],
    loader: BatchLoader<K, Value>,
    options?: CallOptions,
  ): Promise<(Value | undefined)[]> {
    return this.#guard('getOrSetMany', async () => {
      requireLoader(loader)
      const values = await this.#reads.loadMany(requireList(keys, 'keys'), loader, this.#call('getOrSetMany', options))
      return values as (Value | undefined)[]
    })
  }

  set(key: Key, value: unknown, options?: CallOptions): Promise<SetResult> {
    return this.#guard('set', async () => this.#writes.set([[key, value]], this.#call('set', options).policy, 'set'))
  }

  setMany(entries: Iterable<readonly [key: Key, value: unknown]>, options?: CallOptions): Promise<SetResult> {
    return this.#guard('setMany', async () => {
      const { policy } = this.#call('setMany', options)
      return this.#writes.set(requirePairs(entries), policy, 'setMany')
    })
  }

  has(key: Key, options?: CallOptions): Promise<boolean> {
    return this.#guard('has', async () => {
      const found = await this.#reads.find(key, this.#call('has', options))
      return found !== undefined && found.entry.kept.kind !== 'absent'
    })
  }

  delete(key: Key): Promise<InvalidationResult> {
    return this.#delete([key])
  }

  deleteMany(keys: readonly Key[]): Promise<InvalidationResult> {
    return this.#delete(keys)
  }

  invalidateTags(tags: readonly string[]): Promise<InvalidationResult> {
    return this.#invalidate('tags', 'invalidate_tags', () => this.#writes.invalidateTags(tags))
  }

  invalidatePattern(pattern: string): Promise<InvalidationResult> {
    return this.#invalidate('pattern', 'invalidate_pattern', () => this.#writes.invalidatePattern(pattern))
  }

  clear(): Promise<InvalidationResult> {
    return this.#invalidate('clear', 'clear', () => this.#writes.clear())
  }

  async cleanup(): Promise<{ readonly removed: number }> {
    this.#engine.requireOpen()
    const { clock, memory, name } = this.#engine
    const startedAt = clock.monotonicMs()
    const removed = memory?.cleanUp(clock.now()) ?? 0
    this.#engine.announce('cleanup', { cache: name, removed, durationMs: clock.monotonicMs() - startedAt })
    return { removed }
  }

  namespace(name: string, options: CachePolicyOptions = {}): Cache {
    readNames(options, policyNames, 'namespace')
    const path = namespacePath(name, this.#scope.path)
    return new CacheFacade(
      this.#engine,
      new Scope(this.#engine.marks, path, this.#scope),
      readPolicy(options, this.#policy),
    )
  }

  on<Name extends keyof CacheEvents>(name: Name, listener: (event: CacheEvents[Name]) => void): () => void {
    if (!cacheEventNames.has(name)) throw expected('name', `one of ${[...cacheEventNames].join(', ')}`, name)
    if (typeof listener !== 'function') throw expected('listener', 'a function', listener)
    return this.#engine.events.on(name, listener)
  }

  isLoading(key: Key): boolean {
    return this.#engine.loads.find(cacheKey(this.#scope.prefix, key)) !== undefined
  }

  stats(): CacheStats {
    return statsOf(this.#engine)
  }

  async explain(key: Key): Promise<Explanation> {
    this.#engine.requireOpen()
    return explain(this.#engine, this.#scope, this.#policy, cacheKey(this.#scope.prefix, key))
  }

  async keys(options: KeysOptions = {}): Promise<readonly FoundKey[]> {
    this.#engine.requireOpen()
    return findKeys(this.#engine, this.#scope, this.#policy, options)
  }

  async warm(entries: Iterable<WarmEntry> | AsyncIterable<WarmEntry>, options: WarmOptions = {}): Promise<WarmResult> {
    this.#engine.requireOpen()
    const { clock, name } = this.#engine
    const startedAt = clock.monotonicMs()
    const result = await warmAll(entries, options, async entry => {
      if (!('key' in entry)) return this.set(entry[0], entry[1])
      return 'loader' in entry
        ? this.getOrSet(entry.key, entry.loader, entry.options)
        : this.set(entry.key, entry.value, entry.options)
    })
    const durationMs = clock.monotonicMs() - startedAt
    const { warmed, failed } = result
    this.#engine.announce('warmed', { cache: name, namespace: this.path, entries: warmed, failed, durationMs })
    return { ...result, durationMs }
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  /** The entry under a key, when memory can serve it without a thought and the options ask for nothing more. */
  #hitNow(key: Key, options: CallOptions | undefined, operation: ReadOperation): Entry | undefined {
    if (this.#memory === undefined || (options !== undefined && isPeculiar(options))) return undefined
    const engine = this.#engine
    const isMeasured = this.#hitsUntilMeasured === 0
    const startedAt = isMeasured ? engine.clock.monotonicMs() : 0
    const cached = this.#tryKey(key)
    if (cached === undefined) return undefined
    const now = engine.quickClock.now()
    const entry = this.#memory.serveNow(cached, now)
    if (entry === undefined) return undefined
    if (isMeasured) {
      this.#hitsUntilMeasured = measuredHits
      this.#hitMs = engine.clock.monotonicMs() - startedAt
    }
    this.#hitsUntilMeasured -= 1
    if (engine.events.hears('hit')) this.#announceHit(cached, entry, operation, now)
    else engine.counts.countHit(false)
    return entry
  }

  /** A bad key is refused on the longer way, by an error that names what is wrong. */
  #tryKey(key: Key): CacheKey | undefined {
    try {
      return this.#keys.read(key)
    } catch {
      return undefined
    }
  }

  #announceHit(key: CacheKey, { kept, createdAt }: Entry, operation: ReadOperation, now: number): void {
    this.#engine.announce('hit', {
      cache: this.#engine.name,
      namespace: this.path,
      key,
      operation,
      tier: 'memory',
      state: kept.kind === 'absent' ? 'absent' : 'fresh',
      ageMs: Math.max(0, now - createdAt),
      durationMs: this.#hitMs,
    })
  }

  #call<Of extends Operation>(operation: Of, options: CallOptions | undefined) {
    const policy = callPolicy(options, this.#policy, operation)
    this.#engine.noteLoaderTimeout(policy.loaderTimeoutMs)
    return { operation, policy, signal: options?.signal }
  }

  #delete(keys: readonly Key[]): Promise<InvalidationResult> {
    return this.#guard('delete', async () => {
      const { clock, name } = this.#engine
      const startedAt = clock.monotonicMs()
      const result = await this.#writes.deleteKeys(requireList(keys, 'keys'))
      const durationMs = clock.monotonicMs() - startedAt
      this.#engine.announce('delete', { cache: name, namespace: this.path, keys: keys.length, ...result, durationMs })
      return result
    })
  }

  #invalidate(
    by: CacheEvents['invalidate']['by'],
    operation: Operation,
    work: () => Promise<InvalidationResult>,
  ): Promise<InvalidationResult> {
    return this.#guard(operation, async () => {
      const { clock, name } = this.#engine
      const startedAt = clock.monotonicMs()
      const result = await work()
      const durationMs = clock.monotonicMs() - startedAt
      this.#engine.announce('invalidate', { cache: name, namespace: this.path, by, ...result, durationMs })
      return result
    })
  }

  /** Refuses work on a closed cache, and announces what fails. */
  async #guard<Result>(operation: Operation, work: () => Promise<Result>): Promise<Result> {
    const { clock, name } = this.#engine
    const startedAt = clock.monotonicMs()
    callBegan()
    try {
      this.#engine.requireOpen()
      return await work()
    } catch (error) {
      const durationMs = clock.monotonicMs() - startedAt
      this.#engine.announce('failure', { cache: name, namespace: this.path, operation, error, durationMs })
      throw error
    } finally {
      callEnded()
    }
  }
}

/** Options that change what a hit in memory is. Others matter only where something is loaded or kept, and are read there. */
function isPeculiar(options: CallOptions): boolean {
  return options === null || options.signal !== undefined || options.skipMemory !== undefined
}

function requirePairs(entries: Iterable<readonly [key: Key, value: unknown]>): readonly (readonly [Key, unknown])[] {
  const pairs = isIterable(entries) ? [...entries] : undefined
  if (pairs?.every(pair => Array.isArray(pair))) return pairs
  throw expected('entries', 'an iterable of [key, value] pairs', pairs?.find(pair => !Array.isArray(pair)) ?? entries)
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

function requireList<Item>(list: readonly Item[], field: string): readonly Item[] {
  if (Array.isArray(list)) return list
  throw expected(field, 'a list', list)
}
