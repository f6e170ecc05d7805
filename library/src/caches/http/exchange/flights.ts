import type { Clock } from '../../../base/clock.ts'
import { TransientMap } from '../../../base/transient-map.ts'
import { MemoryCache } from '../../../eviction/memory-cache.ts'
import type { LiveAnswer } from './live-answer.ts'

/** How long it is remembered that what lies under a URL cannot be shared. */
const unsharedMs = 30_000
const mostUnshared = 10_000

/** What became of an asking: others find its answer in the store, it was not for them, or there is none. */
export type FlightOutcome = 'shared' | 'unshared' | 'failed'

/** An asking under way, as those see it who come meanwhile. */
export interface Flight {
  /** The answer as soon as it comes, if it can be read along; undefined at the end. */
  readonly live: Promise<LiveAnswer | undefined>
  /** The end, when whoever waits can look into the store. */
  readonly ended: Promise<void>
}

/** The same, as its pilot sees it. */
export interface Pilot {
  readonly onLive: (answer: LiveAnswer) => void
  readonly onSettled: (outcome: FlightOutcome) => void
}

/**
 * Which URLs are being asked for (collapsed forwarding): whoever comes meanwhile shares the answer, unless it is known
 * that the answers there cannot be shared.
 */
export class Flights {
  readonly #underway = new TransientMap<string, Flight>()
  readonly #unshared: MemoryCache<string, true>

  constructor(clock: Clock) {
    this.#unshared = new MemoryCache({ maxEntries: mostUnshared, ttl: unsharedMs, clock })
  }

  /** The flight to wait for; undefined when there is none. */
  under(url: string): Flight | undefined {
    return this.#underway.get(url)
  }

  /**
   * Begins a flight; undefined when there is one already, or none that others could share.
   * @param isRefresh nobody waits for it, so that it may begin whatever is known of earlier answers
   */
  begin(url: string, isRefresh = false): Pilot | undefined {
    if (this.#underway.get(url) !== undefined || (!isRefresh && this.#unshared.has(url))) return undefined
    const ended = Promise.withResolvers<void>()
    const live = Promise.withResolvers<LiveAnswer | undefined>()
    const flight: Flight = { live: live.promise, ended: ended.promise }
    this.#underway.set(url, flight)
    return {
      onLive: live.resolve,
      onSettled: outcome => {
        if (this.#underway.get(url) !== flight) return
        this.#underway.delete(url)
        if (outcome === 'unshared') this.#unshared.set(url, true)
        live.resolve(undefined)
        ended.resolve()
      },
    }
  }
}
