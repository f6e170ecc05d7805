import { Announcer } from '../../base/announcer.ts'
import { expected } from '../../base/option-reading.ts'
import type { Cache, SetResult } from '../../core/cache.ts'
import type { WarmResult } from '../../core/facade/warm.ts'
import type { InvalidationResult } from '../../core/invalidation/invalidations.ts'
import { hasPostgresParser, loadPostgresParser } from '../../sql/postgres-parser.ts'
import type { SqlDialect } from '../../sql/statement.ts'
import { type CachedQuery, NamedQuery } from './cached-query.ts'
import { type ConnectionWatch, watchConnection } from './connection-watch.ts'
import { type QueryEvents, queryEventNames } from './query-events.ts'
import {
  type CachedOptions,
  type QueryCacheOptions,
  readCachedOptions,
  readQueryCacheOptions,
  readSelectors,
  readTables,
  type Selectors,
} from './query-options.ts'
import { anyTableTag, type Id, tableTag, userTag } from './query-tags.ts'
import { callingThrough } from './read-tracking.ts'
import { type BatchEntry, storeBatch } from './store-batch.ts'
import type { Written } from './transaction-writes.ts'
import { warmUser } from './warm-user.ts'

/** A method of a class as the standard decorator sees it. */
type Method<This, Args extends unknown[], Result> = (this: This, ...args: Args) => Promise<Result>
type MethodDecorator<Args extends unknown[]> = <This, Result>(
  method: Method<This, Args, Result>,
  context: ClassMethodDecoratorContext<This, Method<This, Args, Result>>,
) => Method<This, Args, Result>

/** Caches the results of database queries, by name and arguments. Its functions may be taken out of it. */
export interface QueryCache {
  /**
   * A function whose results are cached. Its first run for some arguments learns which tables it reads, if its
   * connections are watched; a write of one of them, by whichever process, drops the result when it is committed.
   * @throws RepriseError `invalid_option`; a call throws what the function throws, and `invalid_key`
   * @example const profile = queries.cached('user_profile', { ttl: '10m', user: id => id }, (id: number) => db.profile(id))
   */
  cached<Fn extends (...args: never[]) => unknown>(
    name: string,
    options: CachedOptions<Parameters<Fn>>,
    fn: Fn,
  ): CachedQuery<Parameters<Fn>, Awaited<ReturnType<Fn>>>
  /**
   * The same as a decorator of a method. All instances of the class share the results: `this` is no part of the key.
   * @example class Users { @cached('user_profile', { ttl: '10m' }) async profile(id: number) { … } }
   */
  cached<Args extends unknown[]>(name: string, options: CachedOptions<Args>): MethodDecorator<Args>
  /** Drops all that was read for a user. */
  invalidateUser(id: Id): Promise<InvalidationResult>
  /** Drops all that was read from tables. For writes that nobody watches. */
  invalidateTables(tables: readonly string[]): Promise<InvalidationResult>
  /**
   * Does a piece of work, and drops whatever matches any of the selectors when it is over, whether it returned or threw:
   * nothing read before its end is served afterwards.
   * @example await queries.invalidating({ userId: 7, contentType: 'article' }, () => db.publish(article))
   */
  invalidating<Result>(selectors: Selectors, work: () => Result | PromiseLike<Result>): Promise<Result>
  /**
   * The same for the rest of a block.
   * @example await using _ = queries.invalidating({ userId: 7 })
   */
  invalidating(selectors: Selectors): AsyncDisposable
  /**
   * Calls queries with a user's id, so that their results are there when the user comes. One that fails harms no other.
   * @example await queries.warmUser(7, [profile, orders, id => recentMessages(id, 20)])
   */
  warmUser<UserId extends Id>(id: UserId, loads: Iterable<(id: UserId) => unknown>): Promise<WarmResult>
  /**
   * Keeps results that were read together, each under the arguments of its call. They must be as of now: what was
   * invalidated since they were read is not known here.
   * @example await queries.storeBatch('user_profile', rows.map(row => [[row.id], row]))
   */
  storeBatch<Args extends unknown[], Result>(
    query: string | CachedQuery<Args, Result>,
    entries: Iterable<BatchEntry<Args, Result>>,
  ): Promise<SetResult>
  /** Does a piece of work in which cached queries call through: inside a transaction that sees its own writes. */
  uncached<Result>(work: () => Result): Result
  /** A watch of one connection, for drivers that have no wrapper yet. Each connection needs its own. */
  watch(dialect: SqlDialect): ConnectionWatch
  /** Calls a listener for every later event, until the returned function is called. */
  on<Name extends keyof QueryEvents>(name: Name, listener: (event: QueryEvents[Name]) => void): () => void
}

/** What is asked of a cache. */
export type QueryCacheBase = Pick<Cache, 'namespace'>

/**
 * A cache of query results over a cache, in a namespace of its own.
 * @throws RepriseError `invalid_option`
 * @example
 * const queries = queryCache(createCache({ name: 'app', redis: redis({ url }) }))
 * const pool = trackPg(new Pool({ connectionString }), queries)
 * const profile = queries.cached('user_profile', { ttl: '10m' }, (id: number) => pool.query('…', [id]).then(r => r.rows))
 */
export function queryCache(base: QueryCacheBase, options: QueryCacheOptions = {}): QueryCache {
  if (typeof base?.namespace !== 'function') throw expected('cache', 'a cache that createCache made', base)
  const { namespace, enabled, policy, relations } = readQueryCacheOptions(options)
  const cache = base.namespace(namespace, policy)
  const events = new Announcer<QueryEvents>()
  const named = new Map<string, NamedQuery>()
  const owner = {}
  let readsPostgres = false

  const invalidateTables = (tables: readonly string[]) => {
    readTables(tables)
    return cache.invalidateTags(relations.writtenWith(tables).map(tableTag))
  }
  const dropTables = async ({ tables, all }: Written): Promise<void> => {
    const named = [...tables].sort()
    try {
      for (const tags of all ? [[anyTableTag]] : inPortions(named.map(tableTag))) await cache.invalidateTags(tags)
      events.announce('written', { tables: named, all })
    } catch (error) {
      // The write was done, whatever becomes of the cache: its caller must not take it for failed.
      events.announce('drop_failed', { tables: named, all, error })
    }
  }

  function nameQuery<Args extends unknown[]>(name: string, of: CachedOptions<Args>): NamedQuery {
    const settings = readCachedOptions(name, of)
    if (named.has(name)) throw expected('name', 'one that no other query of this cache bears', name)
    const query = new NamedQuery(settings, {
      owner,
      enabled,
      cache,
      ready: () => (readsPostgres && !hasPostgresParser() ? loadPostgresParser() : undefined),
      readWith: tables => relations.readWith(tables),
      onUnkept: (of, reason) => events.announce('unkept', { query: of, reason }),
    })
    // Read over the options of the cache, so that a bad one fails here and not in the first call.
    cache.namespace('check', settings.policy)
    named.set(name, query)
    return query
  }

  function cached<Args extends unknown[], Result>(
    name: string,
    of: CachedOptions<Args>,
    ...rest: readonly ((...args: Args) => Result)[]
  ): CachedQuery<Args, Awaited<Result>> | MethodDecorator<Args> {
    if (rest.length === 0) return decorator(nameQuery(name, of))
    const [fn] = rest
    if (typeof fn !== 'function') throw expected('fn', 'a function', fn)
    const query = nameQuery(name, of)
    // What a call answers is what its function answered.
    const call = (...args: Args) => query.call(args, () => fn(...args)) as Promise<Awaited<Result>>
    const invalidate = async (...args: Args) => cache.delete(query.settings.keyOf(args))
    return Object.assign(call, { queryName: name, invalidate })
  }

  async function around<Result>(selectors: Selectors, work: () => Result | PromiseLike<Result>): Promise<Result> {
    const tags = readSelectors(selectors, relations)
    if (typeof work !== 'function') throw expected('work', 'a function', work)
    try {
      return await work()
    } finally {
      await cache.invalidateTags(tags)
    }
  }

  function invalidating<Result>(selectors: Selectors, ...rest: readonly (() => Result | PromiseLike<Result>)[]) {
    // Whoever passes a work that is none is told so.
    if (rest.length > 0) return around(selectors, rest[0] as () => Result)
    const tags = readSelectors(selectors, relations)
    return {
      [Symbol.asyncDispose]: async () => {
        await cache.invalidateTags(tags)
      },
    }
  }

  return {
    // The two shapes of each stand in its declaration.
    cached: cached as QueryCache['cached'],
    invalidating: invalidating as QueryCache['invalidating'],
    invalidateUser: async id => cache.invalidateTags([userTag(id, 'id')]),
    invalidateTables: async tables => invalidateTables(tables),
    warmUser,
    storeBatch: (query, entries) => storeBatch({ cache, enabled, named }, query, entries),
    uncached: work => callingThrough.run(true, work),
    watch: dialect => {
      if (dialect === 'postgres' && !readsPostgres) {
        readsPostgres = true
        // Whoever reads a statement before is served by its words; a failure shows in the first cached query.
        loadPostgresParser().catch(() => undefined)
      }
      return watchConnection(dialect, {
        owner,
        relations,
        dropTables,
        onUntracked: (query, statement) => events.announce('untracked', { query, statement }),
        onUnreadableWrite: statement => events.announce('unreadable_write', { statement }),
      })
    },
    on: (name, listener) => {
      if (!queryEventNames.has(name)) throw expected('name', `one of ${[...queryEventNames].join(', ')}`, name)
      if (typeof listener !== 'function') throw expected('listener', 'a function', listener)
      return events.on(name, listener)
    },
  }
}

/** One invalidation names so many tags at most. */
function inPortions(tags: readonly string[]): readonly (readonly string[])[] {
  const portions: (readonly string[])[] = []
  for (let from = 0; from < tags.length; from += 50) portions.push(tags.slice(from, from + 50))
  return portions
}

function decorator<Args extends unknown[]>(query: NamedQuery): MethodDecorator<Args> {
  return (method, context) => {
    if (typeof method !== 'function' || context?.kind !== 'method') {
      throw expected('@cached', 'before a method, as a standard decorator', context?.kind)
    }
    return function (...args) {
      // What a call answers is what its method answered.
      return query.call(args, () => method.apply(this, args)) as ReturnType<typeof method>
    }
  }
}
