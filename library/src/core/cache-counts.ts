import type { CacheEvents } from './cache-events.ts'

/** Counted from events since the cache was made. */
export interface CacheCountsNow {
  readonly hits: number
  /** Of the hits, those past their time. */
  readonly staleHits: number
  readonly misses: number
  readonly sets: number
  readonly deletes: number
  readonly invalidations: number
  readonly loads: number
  readonly loadErrors: number
  /** Loaded values that were kept nowhere because of an invalidation meanwhile. */
  readonly fencedFills: number
  readonly evictions: number
  readonly failures: number
}

/** The first subscriber of every cache: what `stats()` answers. */
export class CacheCounts {
  #hits = 0
  #staleHits = 0
  #misses = 0
  #sets = 0
  #deletes = 0
  #invalidations = 0
  #loads = 0
  #loadErrors = 0
  #fencedFills = 0
  #evictions = 0
  #failures = 0

  /** A hit, without the event that nobody listens to. */
  countHit(isStale: boolean): void {
    this.#hits += 1
    if (isStale) this.#staleHits += 1
  }

  count<Name extends keyof CacheEvents>(name: Name, event: CacheEvents[Name]): void {
    switch (name) {
      case 'hit':
        this.#hits += 1
        if ('state' in event && event.state === 'stale') this.#staleHits += 1
        break
      case 'miss':
        this.#misses += 1
        break
      case 'set':
        this.#sets += 1
        break
      case 'delete':
        if ('keys' in event) this.#deletes += event.keys
        break
      case 'invalidate':
        this.#invalidations += 1
        break
      case 'load':
        this.#loads += 1
        if ('outcome' in event && (event.outcome === 'failed' || event.outcome === 'timed_out')) this.#loadErrors += 1
        break
      case 'fill_fenced':
        this.#fencedFills += 1
        break
      case 'evicted':
        this.#evictions += 1
        break
      case 'failure':
        this.#failures += 1
        break
    }
  }

  now(): CacheCountsNow {
    return {
      hits: this.#hits,
      staleHits: this.#staleHits,
      misses: this.#misses,
      sets: this.#sets,
      deletes: this.#deletes,
      invalidations: this.#invalidations,
      loads: this.#loads,
      loadErrors: this.#loadErrors,
      fencedFills: this.#fencedFills,
      evictions: this.#evictions,
      failures: this.#failures,
    }
  }
}
