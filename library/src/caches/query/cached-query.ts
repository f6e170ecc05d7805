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
  readonly owner: object
  readonly reason: UnkeptReason

  constructor(value: unknown, owner: object, reason: UnkeptReason) {
    this.value = value
    this.owner = owner
    this.reason = reason
  }
}

export interface CachedQueryParts {
  /** The query cache. */
  readonly owner: object
  readonly cache: Pick<Cache, 'getOrSet'>
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
    if (callingThrough.getStore() === true) return run()
    const outer = runningRead.getStore()
    const options = this.optionsOf(args)
    const mine = {}
    const found = await this.#parts.cache.getOrSet<KeptResult | OwnResult | undefined>(
      this.settings.keyOf(args),
      async context => {
        const tracking = new ReadTracking(this.#parts.owner, this.settings.name, context)
        await this.#parts.ready()
        const value = await runningRead.run(tracking, async () => run())
        if (tracking.unkept !== undefined) {
          context.skipStore()
          this.#parts.onUnkept(this.settings.name, tracking.unkept)
          return new OwnResult(value, mine, tracking.unkept)
        }
        for (const table of tracking.tables) if (this.#seen.size < mostSeen) this.#seen.add(table)
        if (value === undefined) return undefined
        return { value, tables: [...this.settings.tables, ...tracking.tables], tags: tracking.innerTags }
      },
      options,
    )
    if (found instanceof OwnResult) {
      // Whoever read inside a transaction sees what others must not: those who waited for it read by themselves.
      if (found.owner !== mine) return run()
      outer?.refuse(found.reason)
      return found.value
    }
    if (outer !== undefined && outer.owner === this.#parts.owner) {
      // Nothing is kept of what was read to find that there is no value.
      if (found === undefined) outer.refuse('late')
      else await outer.holdInner(found.tables, [...(options.tags ?? []), ...found.tags])
    }
    return found?.value
  }
}
