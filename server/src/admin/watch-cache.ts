import { type Cache, type Clock, literalGlob, readableText } from 'reprise'
import { type CacheName, topKeysKept } from './figures/cache-figures.ts'
import { Latencies } from './figures/latencies.ts'
import { TimeWindows } from './figures/time-windows.ts'
import { TopKeys } from './figures/top-keys.ts'
import type { WatchedCache } from './watched-cache.ts'

export interface WatchCacheOptions {
  readonly name: CacheName
  readonly cache: Cache
  /** How full its memory may get. */
  readonly bounds: { readonly maxEntries?: number; readonly maxBytes?: number }
  /** Clears a tier below, which the cache would be filled from again. */
  readonly clearBelow?: (() => Promise<{ readonly removed: number }>) | undefined
  readonly clock: Clock
}

/** Watches a cache of the engine by its events, from now on. */
export function watchCache({ name, cache, bounds, clearBelow, clock }: WatchCacheOptions): WatchedCache {
  const now = () => clock.now()
  const [hits, misses, stale] = [new TimeWindows(now), new TimeWindows(now), new TimeWindows(now)]
  const [coalesced, errors] = [new TimeWindows(now), new TimeWindows(now)]
  const [reads, loads] = [new Latencies(), new Latencies()]
  const [byHits, byCost] = [new TopKeys(), new TopKeys()]
  let [loadedMs, loaded] = [0, 0]

  const cleared = () => cache.stats().memory?.removals['cleared'] ?? 0

  const stops = [
    cache.on('hit', ({ key, state, durationMs }) => {
      hits.add()
      if (state === 'stale') stale.add()
      reads.add(durationMs)
      byHits.add(readableText(key))
    }),
    cache.on('miss', ({ reason, durationMs }) => {
      misses.add()
      if (reason === 'coalesced') coalesced.add()
      reads.add(durationMs)
    }),
    cache.on('load', ({ key, outcome, durationMs }) => {
      loads.add(durationMs)
      byCost.add(readableText(key), durationMs)
      if (outcome !== 'loaded') return
      loadedMs += durationMs
      loaded += 1
    }),
    cache.on('failure', () => errors.add()),
  ]

  return {
    name,
    figures: () => {
      const { memory } = cache.stats()
      const hitCounts = hits.counts()
      return {
        name,
        entries: memory?.size ?? 0,
        bytes: memory?.bytes ?? 0,
        maxEntries: bounds.maxEntries,
        maxBytes: bounds.maxBytes,
        hits: hitCounts,
        misses: misses.counts(),
        stale: stale.counts(),
        coalesced: coalesced.counts(),
        errors: errors.counts(),
        recent: { hits: hits.recent(), misses: misses.recent() },
        removals: memory?.removals ?? {},
        reads: reads.counts(),
        loads: loads.counts(),
        savedMs: loaded === 0 ? 0 : (hitCounts.all * loadedMs) / loaded,
        topByHits: byHits.top(topKeysKept),
        topByCost: byCost.top(topKeysKept),
      }
    },
    clear: async () => {
      // The engine counts keys that are named; a clear takes all of memory at once.
      const before = cleared()
      const below = await clearBelow?.()
      const { removed, redis } = await cache.clear()
      return { removed: Math.max(removed + cleared() - before, below?.removed ?? 0), redis }
    },
    cleanup: () => cache.cleanup(),
    invalidate: target => {
      switch (target.kind) {
        case 'key':
          return cache.delete(target.key)
        case 'tags':
          return cache.invalidateTags(target.tags)
        case 'pattern':
          return cache.invalidatePattern(target.pattern)
      }
    },
    explain: key => cache.explain(key),
    findKeys: async (text, limit) => cache.keys({ pattern: text === '' ? '*' : `*${literalGlob(text)}*`, limit }),
    close: () => {
      for (const stop of stops) stop()
    },
  }
}
