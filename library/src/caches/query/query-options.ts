import type { Duration } from '../../base/duration.ts'
import type { Key } from '../../base/key.ts'
import { expected, readNames } from '../../base/option-reading.ts'
import { type CachePolicyOptions, policyNames } from '../../core/policy.ts'
import { queryKey } from './query-key.ts'
import { contentIdTag, contentTypeTag, type Id, queryTag, tableTag, userTag } from './query-tags.ts'
import { type Relations, TableRelations } from './relations.ts'

/** What holds for all queries of a cache; those of one query go before. */
export interface QueryCacheOptions extends Omit<CachePolicyOptions, 'tags'> {
  /** The namespace that the queries lie in. Default `queries`. */
  readonly name?: string
  /** How long results are fresh. Default 5 minutes. */
  readonly ttl?: Duration
  /** False: every call goes through, and nothing is kept. Invalidations are still carried out, for others. Default true. */
  readonly enabled?: boolean
  /** What the database does by itself: views, cascades, triggers, functions. */
  readonly relations?: Relations
}

/** What holds for one query. `Args` are the arguments of its function. */
export interface CachedOptions<Args extends unknown[]> extends Omit<CachePolicyOptions, 'tags'> {
  /** Whose data it reads: `invalidateUser(id)` drops it. Undefined = nobody's. */
  readonly user?: (...args: Args) => Id | undefined
  /** Tables that it reads beside those that are seen when it runs. */
  readonly tables?: readonly string[]
  /** What kind of content it reads: `article`. */
  readonly contentType?: string | ((...args: Args) => string | undefined)
  /** Which content it reads. */
  readonly contentId?: Id | ((...args: Args) => Id | undefined)
  /** What tells calls apart, instead of all arguments: to leave out a logger, or `this` where it matters. */
  readonly key?: (...args: Args) => Key
}

/** What is to be dropped: whatever matches any of these. */
export interface Selectors {
  readonly userId?: Id | undefined
  readonly contentType?: string | undefined
  readonly contentId?: Id | undefined
  readonly tables?: readonly string[] | undefined
}

const ownNames = ['user', 'tables', 'contentType', 'contentId', 'key']
const policies = [...policyNames].filter(name => name !== 'tags')
const cachedNames: ReadonlySet<string> = new Set([...policies, ...ownNames])
const cacheNames: ReadonlySet<string> = new Set([...policies, 'name', 'enabled', 'relations'])
const selectorNames: ReadonlySet<string> = new Set(['userId', 'contentType', 'contentId', 'tables'])
const defaultTtl = '5m'
const longestName = 100

export interface QueryCacheSettings {
  readonly namespace: string
  readonly enabled: boolean
  readonly policy: CachePolicyOptions
  readonly relations: TableRelations
}

/** @throws RepriseError `invalid_option` */
export function readQueryCacheOptions(options: QueryCacheOptions): QueryCacheSettings {
  readNames(options, cacheNames, 'queryCache')
  const { name = 'queries', enabled = true, relations = {}, ...policy } = options
  if (typeof enabled !== 'boolean') throw expected('enabled', 'true or false', enabled)
  return { namespace: name, enabled, policy: { ttl: defaultTtl, ...policy }, relations: new TableRelations(relations) }
}

/** The options of a query, read once. */
export interface QuerySettings {
  readonly name: string
  readonly policy: CachePolicyOptions
  /** The tables that it was said to read. */
  readonly tables: readonly string[]
  readonly keyOf: (args: readonly unknown[]) => Key
  /** The tags of a call that its arguments say. */
  readonly tagsOf: (args: readonly unknown[]) => readonly string[]
}

/** @throws RepriseError `invalid_option` */
export function readCachedOptions<Args extends unknown[]>(name: unknown, options: CachedOptions<Args>): QuerySettings {
  if (typeof name !== 'string' || name === '' || name.length > longestName || !name.isWellFormed()) {
    throw expected('name', `a text of 1 to ${longestName} characters`, name)
  }
  readNames(options, cachedNames, `cached(${JSON.stringify(name)})`)
  const { user, tables = [], contentType, contentId, key, ...policy } = options
  for (const [field, given] of Object.entries({ user, key })) {
    if (given !== undefined && typeof given !== 'function') throw expected(field, 'a function of the arguments', given)
  }
  readTables(tables)
  const fixed = [queryTag(name)]
  if (typeof contentType !== 'function' && contentType !== undefined) {
    fixed.push(contentTypeTag(contentType, 'contentType'))
  }
  if (typeof contentId !== 'function' && contentId !== undefined) fixed.push(contentIdTag(contentId, 'contentId'))
  const variable: (readonly [field: string, of: (...args: never) => unknown, tag: typeof userTag])[] = []
  if (user !== undefined) variable.push(['user', user, userTag])
  if (typeof contentType === 'function') variable.push(['contentType', contentType, contentTypeTag])
  if (typeof contentId === 'function') variable.push(['contentId', contentId, contentIdTag])
  return {
    name,
    policy,
    tables,
    // The arguments are those that the query's function takes; its type says so to callers.
    keyOf: args => (key === undefined ? queryKey(name, args) : [name, key(...(args as unknown as Args))]),
    tagsOf: args => {
      if (variable.length === 0) return fixed
      const said = variable.flatMap(([field, of, tag]) => {
        const id = of(...(args as never))
        return id === undefined ? [] : [tag(id, `${field} of ${name}`)]
      })
      return [...fixed, ...said]
    },
  }
}

/**
 * The tags of selectors.
 * @throws RepriseError `invalid_option`, also when nothing is selected
 */
export function readSelectors(selectors: Selectors, relations: TableRelations): readonly string[] {
  readNames(selectors, selectorNames, 'invalidating')
  const { userId, contentType, contentId, tables = [] } = selectors
  readTables(tables)
  const tags = relations.writtenWith(tables).map(tableTag)
  if (userId !== undefined) tags.push(userTag(userId, 'userId'))
  if (contentType !== undefined) tags.push(contentTypeTag(contentType, 'contentType'))
  if (contentId !== undefined) tags.push(contentIdTag(contentId, 'contentId'))
  if (tags.length === 0) throw expected('selectors', 'given: userId, contentType, contentId or tables', undefined)
  return tags
}

export function readTables(tables: unknown): asserts tables is readonly string[] {
  if (Array.isArray(tables) && tables.every(table => typeof table === 'string' && /^[^\s].{0,200}$/.test(table))) return
  throw expected('tables', 'a list of names of tables', tables)
}
