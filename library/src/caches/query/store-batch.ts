import { expected } from '../../base/option-reading.ts'
import type { Cache, SetResult } from '../../core/cache.ts'
import type { CachedQuery, NamedQuery } from './cached-query.ts'

/** The arguments of a call, and what it answers. */
export type BatchEntry<Args extends unknown[], Result> = readonly [args: Args, value: Result]

interface BatchParts {
  readonly cache: Pick<Cache, 'setMany'>
  readonly enabled: boolean
  readonly named: ReadonlyMap<string, NamedQuery>
}

/** Keeps results as if the query had been called. All are read before any is kept. */
export async function storeBatch<Args extends unknown[], Result>(
  { cache, enabled, named }: BatchParts,
  of: string | CachedQuery<Args, Result>,
  entries: Iterable<BatchEntry<Args, Result>>,
): Promise<SetResult> {
  const name = typeof of === 'function' ? of.queryName : of
  const query = named.get(name)
  if (query === undefined) throw expected('query', 'the name of a cached query, or one itself', of)
  if (typeof entries !== 'object' || entries === null || !(Symbol.iterator in entries)) {
    throw expected('entries', 'an iterable of [arguments, value]', entries)
  }
  const seen = query.seenTags()
  const read = Array.from(entries, (entry, index) => {
    if (!Array.isArray(entry) || entry.length !== 2 || !Array.isArray(entry[0])) {
      throw expected(`entries[${index}]`, 'a pair [arguments, value] whose arguments are a list', entry)
    }
    const [args, value] = entry
    if (value === undefined)
      throw expected(`entries[${index}][1]`, 'a value; undefined means that there is none', value)
    const { tags = [], ...options } = query.optionsOf(args)
    return {
      key: query.settings.keyOf(args),
      value: query.keep(value),
      options,
      tags: [...new Set([...tags, ...seen])],
    }
  })
  if (!enabled) return { redis: 'none' }
  const results = await Promise.all(
    [...Map.groupBy(read, ({ tags }) => JSON.stringify(tags)).values()].map(group =>
      cache.setMany(
        group.map(({ key, value }) => [key, value] as const),
        { ...group[0]?.options, tags: group[0]?.tags ?? [] },
      ),
    ),
  )
  const redis = (['queued', 'done'] as const).find(state => results.some(result => result.redis === state))
  return { redis: redis ?? 'none' }
}
