import { type Clock, systemClock } from '../../base/clock.ts'
import { readCount, readNames } from '../../base/option-reading.ts'
import type { SharedTier } from '../../ports/shared-tier.ts'
import { memoryBus } from './memory-bus.ts'
import { memoryLeases } from './memory-leases.ts'
import { memoryStore } from './memory-store.ts'

export interface InProcessTierOptions {
  /** How many entries and removed keys it holds; past it those written longest ago go. Default 100,000. */
  readonly maxEntries?: number
  readonly clock?: Clock
}

const names: ReadonlySet<string> = new Set(['maxEntries', 'clock'])

/**
 * What Redis is between processes, between the caches of one: for programs and tests that have no Redis.
 * @example
 * const shared = inProcessTier()
 * const [one, other] = [createCache({ name: 'app', redis: shared }), createCache({ name: 'app', redis: shared })]
 */
export function inProcessTier(options: InProcessTierOptions = {}): Required<SharedTier> {
  readNames(options, names, 'inProcessTier')
  const { clock = systemClock } = options
  const maxSlots = readCount(options.maxEntries ?? 100_000, 'maxEntries')
  return {
    store: memoryStore({ clock, maxSlots }),
    bus: memoryBus(),
    leases: memoryLeases(clock),
    // Nothing is open that would have to be closed.
    use: () => async () => {},
  }
}
