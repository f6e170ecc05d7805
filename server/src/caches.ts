import { type Cache, type Clock, createCache, type SharedTier } from 'reprise'
import type { Settings } from './config/settings-table.ts'

/** The server's caches, each with bounds and times of its own; all in one Redis, where there is one. */
export interface Caches {
  /** Answers of models. */
  readonly ai: Cache
  readonly embeddings: Cache
  readonly rag: Cache
  readonly db: Cache
}

export type CacheSettings = Pick<
  Settings,
  | 'enableCache'
  | 'cacheTtlSeconds'
  | 'aiCacheTtl'
  | 'embeddingsCacheTtl'
  | 'ragCacheTtl'
  | 'dbCacheTtl'
  | 'aiCacheEntries'
  | 'embeddingsCacheEntries'
  | 'ragCacheEntries'
  | 'dbCacheEntries'
>

/** Opens the caches; undefined where caching is switched off. */
export function openCaches(settings: CacheSettings, redis: SharedTier | undefined, clock: Clock): Caches | undefined {
  if (!settings.enableCache) return undefined
  const { cacheTtlSeconds, aiCacheTtl, embeddingsCacheTtl, ragCacheTtl, dbCacheTtl } = settings
  const open = (name: CacheName, ttlSeconds: number) => {
    const memory = { maxEntries: mostEntries(settings, name) }
    return createCache({ name, memory, redis, ttl: ttlSeconds * 1_000, clock })
  }
  return {
    ai: open('ai', aiCacheTtl ?? cacheTtlSeconds),
    embeddings: open('embeddings', embeddingsCacheTtl),
    rag: open('rag', ragCacheTtl),
    db: open('db', dbCacheTtl),
  }
}

export type CacheName = keyof Caches

/** The caches with their names, in the order in which people read of them. */
export function namedCaches(caches: Caches | undefined): readonly (readonly [CacheName, Cache])[] {
  // The names are those of the interface.
  return caches === undefined ? [] : (Object.entries(caches) as [CacheName, Cache][])
}

/** How many entries of a cache this process keeps in memory at most. */
export function mostEntries(settings: CacheSettings, name: CacheName): number {
  const { aiCacheEntries: ai, embeddingsCacheEntries: embeddings, ragCacheEntries: rag, dbCacheEntries: db } = settings
  return { ai, embeddings, rag, db }[name]
}

export async function closeCaches(caches: Caches | undefined): Promise<void> {
  await Promise.allSettled(namedCaches(caches).map(([, cache]) => cache.close()))
}
