import type { Announcer, Clock } from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import { Latencies } from './figures/latencies.ts'
import { TimeWindows } from './figures/time-windows.ts'
import type { WatchedCache } from './watched-cache.ts'

/** The guests' fast copies, as far as operators steer them. */
export interface GuestCopies {
  /** Undefined where they lie in Redis, which counts for all. */
  readonly held: (() => { readonly entries: number; readonly bytes: number; readonly maxBytes: number }) | undefined
  /** Removes all copies; PostgreSQL has everything, and reads fill them anew. */
  clear(): Promise<number>
  /** Removes copies whose time is over; Redis does so by itself. */
  cleanup(): Promise<number>
}

export interface WatchGuestsOptions {
  readonly conversations: Announcer<ConversationEvents>
  readonly copies: GuestCopies | undefined
  readonly inRedis: boolean
  readonly clock: Clock
}

/** Watches the histories of guests: a hit is a history that the fast copy answered. Guests' names are kept nowhere. */
export function watchGuests({ conversations, copies, inRedis, clock }: WatchGuestsOptions): WatchedCache {
  const now = () => clock.now()
  const [hits, misses, stale] = [new TimeWindows(now), new TimeWindows(now), new TimeWindows(now)]
  const [errors, none] = [new TimeWindows(now), new TimeWindows(now)]
  const [reads, loads] = [new Latencies(), new Latencies()]
  const stop = conversations.on('history_read', ({ outcome, source, stale: isStale, durationMs }) => {
    if (outcome === 'error') return errors.add()
    if (source === 'redis' || source === 'memory') hits.add()
    else misses.add()
    if (isStale) stale.add()
    reads.add(durationMs)
    if (source === 'postgresql') loads.add(durationMs)
  })
  const redis = inRedis ? ('done' as const) : ('none' as const)
  return {
    name: 'guest',
    figures: () => ({
      name: 'guest',
      entries: 0,
      bytes: 0,
      maxEntries: undefined,
      maxBytes: undefined,
      ...copies?.held?.(),
      hits: hits.counts(),
      misses: misses.counts(),
      stale: stale.counts(),
      coalesced: none.counts(),
      errors: errors.counts(),
      recent: { hits: hits.recent(), misses: misses.recent() },
      removals: {},
      reads: reads.counts(),
      loads: loads.counts(),
      savedMs: 0,
      topByHits: [],
      topByCost: [],
    }),
    clear: async () => ({ removed: (await copies?.clear()) ?? 0, redis }),
    cleanup: async () => ({ removed: (await copies?.cleanup()) ?? 0 }),
    invalidate: undefined,
    explain: undefined,
    findKeys: undefined,
    close: stop,
  }
}
