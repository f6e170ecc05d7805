import type { MemoryCacheStats } from '../../eviction/memory-cache.ts'
import type { CacheCountsNow } from '../cache-counts.ts'
import type { Engine } from '../engine.ts'

/** The state of a whole cache. */
export interface CacheStats extends CacheCountsNow {
  /** hits / (hits + misses), 0 before any read. */
  readonly hitRate: number
  readonly memory: MemoryCacheStats | undefined
  /** `away` = left out until it answers again. */
  readonly redis: 'up' | 'away' | 'none'
  /** Whether invalidations of other processes are heard. */
  readonly bus: 'listening' | 'deaf' | 'none'
  /** Keys being loaded. */
  readonly loading: number
  /** Keys and marks that wait to be invalidated in Redis. */
  readonly queued: number
  /** Tags and namespaces known. */
  readonly marks: number
}

export function statsOf(engine: Engine): CacheStats {
  const counts = engine.counts.now()
  const reads = counts.hits + counts.misses
  return {
    ...counts,
    hitRate: reads === 0 ? 0 : counts.hits / reads,
    memory: engine.memory?.stats(),
    redis: engine.store === undefined ? 'none' : engine.store.isUp ? 'up' : 'away',
    bus: engine.store === undefined ? 'none' : engine.coherence.isDeaf ? 'deaf' : 'listening',
    loading: engine.loads.size,
    queued: engine.invalidations.pending.size,
    marks: engine.marks.size.known,
  }
}
