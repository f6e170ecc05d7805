import type { Registry } from 'prom-client'
import type { CacheEvents } from '../../core/cache-events.ts'
import { metricFamilies } from './metric-families.ts'
import { registerCounter, registerGauge } from './register.ts'

/** What is asked of a cache: its events, and its state at each scrape. */
export interface ObservedCache {
  readonly path: string
  on<Name extends keyof CacheEvents>(name: Name, listener: (event: CacheEvents[Name]) => void): () => void
  stats(): CacheState
}

interface CacheState {
  readonly redis: 'up' | 'away' | 'none'
  readonly bus: 'listening' | 'deaf' | 'none'
  readonly queued: number
  readonly memory:
    | { readonly size: number; readonly bytes: number; readonly removals: Readonly<Record<string, number>> }
    | undefined
}

/** What need not be counted, for it can be asked for at each scrape. Caches of one name add up. */
export function stateMetrics(registry: Registry): (name: string, cache: ObservedCache) => () => void {
  const watched = new Map<ObservedCache, string>()
  type Show = (name: string, state: CacheState) => void
  const each = (family: { reset(): void }, show: Show) => {
    family.reset()
    for (const [cache, name] of watched) show(name, cache.stats())
  }

  registerGauge(registry, metricFamilies.cacheBreakerOpen, gauge =>
    each(gauge, (cache, { redis }) => {
      if (redis !== 'none') gauge.inc({ cache, tier: 'redis' }, redis === 'away' ? 1 : 0)
    }),
  )
  registerGauge(registry, metricFamilies.cacheBusListening, gauge =>
    each(gauge, (cache, { bus }) => {
      if (bus !== 'none') gauge.inc({ cache }, bus === 'listening' ? 1 : 0)
    }),
  )
  registerGauge(registry, metricFamilies.cacheQueued, gauge =>
    each(gauge, (cache, { redis, queued }) => {
      if (redis !== 'none') gauge.inc({ cache }, queued)
    }),
  )
  registerGauge(registry, metricFamilies.cacheEntries, gauge =>
    each(gauge, (cache, { memory }) => {
      if (memory !== undefined) gauge.inc({ cache }, memory.size)
    }),
  )
  registerGauge(registry, metricFamilies.cacheBytes, gauge =>
    each(gauge, (cache, { memory }) => {
      if (memory !== undefined) gauge.inc({ cache }, memory.bytes)
    }),
  )
  registerCounter(registry, metricFamilies.cacheRemovals, counter =>
    each(counter, (cache, { memory }) => {
      for (const [cause, count] of Object.entries(memory?.removals ?? {})) counter.inc({ cache, cause }, count)
    }),
  )

  return (name, cache) => {
    watched.set(cache, name)
    return () => void watched.delete(cache)
  }
}
