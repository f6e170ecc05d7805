import { type Cache, type Clock, createCache, type SharedTier } from 'reprise'
import type { Settings } from './config/settings-table.ts'

/** The server's caches, each with bounds and times of its own; all in one Redis, where there is one. */
export interface Caches {
  /** Answers of models, and embeddings. */
  readonly ai: Cache
  readonly rag: Cache
  readonly db: Cache
}

export type CacheSettings = Pick<
  Settings,
  | 'enableCache'
  | 'cacheTtlSeconds'
  | 'aiCacheTtl'
  | 'ragCacheTtl'
  | 'dbCacheTtl'
  | 'aiCacheEntries'
  | 'ragCacheEntries'
  | 'dbCacheEntries'
>

/** Opens the caches; undefined where caching is switched off. */
export function openCaches(settings: CacheSettings, redis: SharedTier | undefined, clock: Clock): Caches | undefined {
  if (!settings.enableCache) return undefined
  const open = (name: string, maxEntries: number, ttlSeconds: number) =>
    createCache({ name, memory: { maxEntries }, redis, ttl: ttlSeconds * 1_000, clock })
  return {
    ai: open('ai', settings.aiCacheEntries, settings.aiCacheTtl ?? settings.cacheTtlSeconds),
    rag: open('rag', settings.ragCacheEntries, settings.ragCacheTtl),
    db: open('db', settings.dbCacheEntries, settings.dbCacheTtl),
  }
}

export async function closeCaches(caches: Caches | undefined): Promise<void> {
  if (caches !== undefined) await Promise.allSettled([caches.ai.close(), caches.rag.close(), caches.db.close()])
}

/** The hit rates in percent; 0 before any use, or where caching is switched off. */
export function hitRatesOf(caches: Caches | undefined): {
  readonly ai: number
  readonly rag: number
  readonly db: number
} {
  const percent = (cache: Cache | undefined) => (cache?.stats().hitRate ?? 0) * 100
  return { ai: percent(caches?.ai), rag: percent(caches?.rag), db: percent(caches?.db) }
}
