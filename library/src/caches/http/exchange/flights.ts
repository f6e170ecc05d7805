import type { Clock } from '../../../base/clock.ts'
import { MemoryCache } from '../../../eviction/memory-cache.ts'

/** How long it is remembered that what lies under a URL cannot be shared. */
const unsharedMs = 30_000
const mostUnshared = 10_000

/**
 * Which URLs are being asked for (collapsed forwarding): whoever comes meanwhile waits for the answer, unless it is known
 * that the answers there cannot be shared.
 */
export class Flights {
  readonly #ends = new Map<string, Promise<void>>()
  readonly #unshared: MemoryCache<string, true>

  constructor(clock: Clock) {
    this.#unshared = new MemoryCache({ maxEntries: mostUnshared, ttl: unsharedMs, clock })
  }

  /** The end of the flight to wait for; undefined when there is none. */
  under(url: string): Promise<void> | undefined {
    return this.#ends.get(url)
  }

  /**
   * Begins a flight; undefined when there is one already, or none that others could share. The result ends it.
   * @param isRefresh nobody waits for it, so that it may begin whatever is known of earlier answers
   */
  begin(url: string, isRefresh = false): ((outcome: 'shared' | 'unshared' | 'failed') => void) | undefined {
    if (this.#ends.has(url) || (!isRefresh && this.#unshared.has(url))) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ends.set(url, promise)
    return outcome => {
      if (this.#ends.get(url) !== promise) return
      this.#ends.delete(url)
      if (outcome === 'unshared') this.#unshared.set(url, true)
      resolve()
    }
  }
}
