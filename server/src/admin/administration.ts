import { type Clock, type Explanation, instantOf, type Key, RepriseError } from 'reprise'
import type { CacheFigures, CacheName } from './figures/cache-figures.ts'
import type { InvalidationTarget, RemovalReceipt, WatchedCache } from './watched-cache.ts'

/** A key that is kept, and what would become of a read of it. */
export interface ExplainedKey {
  readonly readable: string
  readonly namespace: string
  readonly explanation: Explanation
}

export interface CacheReceipt extends RemovalReceipt {
  readonly cache: CacheName
}

/** What operators can ask of the caches, and do to them. */
export interface Administration {
  /** When counting began. */
  readonly since: string
  figures(): Promise<readonly CacheFigures[]>
  /** @throws RepriseError `cache_unknown` */
  clear(cache: string | undefined): Promise<readonly CacheReceipt[]>
  /** @throws RepriseError `cache_unknown` */
  cleanup(cache: string | undefined): Promise<readonly { readonly cache: CacheName; readonly removed: number }[]>
  /** @throws RepriseError `cache_unknown`; `invalid_body` for a cache whose entries cannot be told apart */
  invalidate(cache: string | undefined, target: InvalidationTarget): Promise<readonly CacheReceipt[]>
  /** @throws RepriseError `cache_unknown`, `invalid_query` */
  explain(cache: string, key: Key): Promise<Explanation>
  /** @throws RepriseError `cache_unknown`, `invalid_query` */
  findKeys(cache: string, text: string, limit: number): Promise<readonly ExplainedKey[]>
  close(): void
}

/** Steers the watched caches: one that is named, or all. */
export function createAdministration(caches: readonly WatchedCache[], clock: Clock): Administration {
  const since = instantOf(clock.now())

  function named(name: string): WatchedCache {
    const cache = caches.find(each => each.name === name)
    if (cache !== undefined) return cache
    const names = caches.map(each => each.name).join(', ')
    throw new RepriseError('cache_unknown', `There is no cache ${JSON.stringify(name)}; there are ${names}.`, {
      field: 'cache',
    })
  }
  const chosen = (name: string | undefined) => (name === undefined ? caches : [named(name)])

  return {
    since,
    figures: async () => caches.map(cache => cache.figures()),
    clear: name =>
      Promise.all(chosen(name).map(async cache => ({ cache: cache.name, ...receiptOf(await cache.clear()) }))),
    cleanup: name =>
      Promise.all(chosen(name).map(async cache => ({ cache: cache.name, removed: (await cache.cleanup()).removed }))),
    invalidate: async (name, target) => {
      const steerable = chosen(name).flatMap(({ name: cache, invalidate }) =>
        invalidate === undefined ? [] : [{ cache, invalidate }],
      )
      if (steerable.length === 0) throw opaque(name, 'invalid_body')
      return Promise.all(
        steerable.map(async ({ cache, invalidate }) => ({ cache, ...receiptOf(await invalidate(target)) })),
      )
    },
    explain: async (name, key) => {
      const { explain } = named(name)
      if (explain === undefined) throw opaque(name, 'invalid_query')
      return explain(key)
    },
    findKeys: async (name, text, limit) => {
      const { findKeys } = named(name)
      if (findKeys === undefined) throw opaque(name, 'invalid_query')
      const found = await findKeys(text, limit)
      return Promise.all(
        found.map(async ({ readable, namespace, explain }) => ({ readable, namespace, explanation: await explain() })),
      )
    },
    close: () => {
      for (const cache of caches) cache.close()
    },
  }
}

/** A receipt without what else a cache may have answered. */
function receiptOf({ removed, redis }: RemovalReceipt): RemovalReceipt {
  return { removed, redis }
}

function opaque(name: string | undefined, code: 'invalid_body' | 'invalid_query'): RepriseError {
  return new RepriseError(
    code,
    `Entries of the cache ${name} cannot be named from outside: clear it, or erase a guest by DELETE /v1/guest/chat/{guest_id}.`,
    { field: 'cache' },
  )
}
