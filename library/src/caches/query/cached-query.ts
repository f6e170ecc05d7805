import type { Key } from '../../base/key.ts'
import type { Cache } from '../../core/cache.ts'
import type { InvalidationResult } from '../../core/invalidation/invalidations.ts'
import type { CallOptions } from '../../core/policy.ts'
import type { UnkeptReason } from './query-events.ts'
import type { QuerySettings } from './query-options.ts'
import { anyTableTag, tableTag } from './query-tags.ts'
import { callingThrough, ReadTracking, runningRead } from './read-tracking.ts'

/** A function whose results are cached. Takes and answers what the function itself does. */
export interface CachedQuery<Args extends unknown[], Result> {
  (...args: Args): Promise<Result>
  readonly queryName: string
  /** Drops the result of one call. */
  invalidate(...args: Args): Promise<InvalidationResult>
}

/** Of so many tables it is remembered that a query reads them. */
const mostSeen = 40

/** What lies in the cache. */
export interface KeptResult {
  readonly value: unknown
  /** The tables that it was read from, and the tags of the queries that it was made of: for queries around this one. */
  readonly tables: readonly string[]
  readonly tags: readonly string[]
}

/** A result for the one who read it alone. */
class OwnResult {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

export interface CachedQueryParts {
  /** The query cache. */
  readonly owner: object
  readonly enabled: boolean
  readonly cache: Pick<Cache, 'get' | 'getOrSet'>
  /** Ends when statements can be read; at once when they can. */
  readonly ready: () => Promise<void> | undefined
  readonly readWith: (tables: readonly string[]) => readonly string[]
  readonly onUnkept: (query: string, reason: UnkeptReason) => void
}

/** A named query: its settings, and what was learned of it. */
export class NamedQuery {
  readonly settings: QuerySettings
  readonly #parts: CachedQueryParts
  readonly #explicitTags: readonly string[]
  /** Tables that it was seen to read. */
  readonly #seen = new Set<string>()

  constructor(settings: QuerySettings, parts: CachedQueryParts) {
    this.settings = settings
    this.#parts = parts
    const tables = parts.readWith(settings.tables)
    this.#explicitTags = tables.length > 0 ? [anyTableTag, ...tables.map(tableTag)] : []
  }

  /** The options of an entry, for a call with these arguments. */
  optionsOf(args: readonly unknown[]): CallOptions {
    return { ...this.settings.policy, tags: [...this.settings.tagsOf(args), ...this.#explicitTags] }
  }

  /** A value as it is kept when it did not come from a call. */
  keep(value: unknown): KeptResult {
    return { value, tables: [...this.settings.tables, ...this.#seen], tags: [] }
  }

  /** The tags of the tables that it was seen to read. */
  seenTags(): readonly string[] {
    return this.#seen.size === 0 ? [] : [anyTableTag, ...[...this.#seen].map(tableTag)]
  }

  async call(args: readonly unknown[], run: () => unknown): Promise<unknown> {
    if (!this.#parts.enabled || callingThrough.getStore() === true) return run()
    const around = runningRead.getStore()
    const outer = around?.owner === this.#parts.owner ? around : undefined
    const key = this.settings.keyOf(args)
    const options = this.optionsOf(args)
    return outer === undefined ? this.#alone(key, options, run) : this.#within(outer, key, options, run)
  }

  async #alone(key: Key, options: CallOptions, run: () => unknown): Promise<unknown> {
    const { found, isMine } = await this.#load(key, options, run, undefined)
    if (!(found instanceof OwnResult)) return found?.value
    // Whoever read inside a transaction saw what others must not: those who waited for it read by themselves.
    return isMine ? found.value : run()
  }

  /** Inside another cached query, which must be dropped with whatever this one hangs on. */
  async #within(outer: ReadTracking, key: Key, options: CallOptions, run: () => unknown): Promise<unknown> {
    const { tags = [] } = options
    const hit = await this.#parts.cache.get<KeptResult>(key, options)
    if (hit !== undefined) {
      await outer.holdInner(hit.tables, [...tags, ...hit.tags])
      return hit.value
    }
    await outer.holdInner([], tags)
    const { found, isMine } = await this.#load(key, options, run, outer)
    if (found instanceof OwnResult) return isMine ? found.value : run()
    // What another's load read under which marks is not known here.
    if (!isMine) outer.refuse('late')
    return found?.value
  }

  async #load(key: Key, options: CallOptions, run: () => unknown, outer: ReadTracking | undefined): Promise<Loaded> {
    const { owner, cache, ready, onUnkept } = this.#parts
    const { name, tables } = this.settings
    let isMine = false
    const found = await cache.getOrSet<KeptResult | OwnResult | undefined>(
      key,
      async context => {
        isMine = true
        const tracking = new ReadTracking(owner, name, context, outer)
        await ready()
        const value = await runningRead.run(tracking, async () => run())
        if (tracking.unkept !== undefined) {
          context.skipStore()
          onUnkept(name, tracking.unkept)
          return new OwnResult(value)
        }
        for (const table of tracking.tables) if (this.#seen.size < mostSeen) this.#seen.add(table)
        return value === undefined
          ? undefined
          : { value, tables: [...tables, ...tracking.tables], tags: tracking.innerTags }
      },
      options,
    )
    return { found, isMine }
  }
}

interface Loaded {
  readonly found: KeptResult | OwnResult | undefined
  /** Whether the caller's own function ran for it. */
  readonly isMine: boolean
}
