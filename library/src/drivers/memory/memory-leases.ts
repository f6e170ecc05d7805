import type { Clock } from '../../base/clock.ts'
import type { CacheKey } from '../../base/key.ts'
import type { Lease, Leases } from '../../ports/lease.ts'

interface Held {
  readonly lease: Lease
  until: number
  isWaitedFor: boolean
}

/** Leases within one process; as many as there are loads under way. */
export function memoryLeases(clock: Clock): Leases {
  const held = new Map<CacheKey, Held>()

  function leaseOf(key: CacheKey): Lease {
    const own = () => {
      const found = held.get(key)
      return found?.lease === lease && found.until > clock.now() ? found : undefined
    }
    const lease: Lease = {
      renew: async lifeMs => {
        const mine = own()
        if (mine === undefined) return 'lost'
        mine.until = clock.now() + lifeMs
        return 'renewed'
      },
      release: async () => {
        const mine = own()
        if (mine === undefined) return 'lost'
        held.delete(key)
        return mine.isWaitedFor ? 'waited' : 'released'
      },
    }
    return lease
  }

  return {
    acquire: async (key, lifeMs) => {
      const holder = held.get(key)
      if (holder !== undefined && holder.until > clock.now()) {
        holder.isWaitedFor = true
        return { kind: 'busy', leftMs: holder.until - clock.now() }
      }
      const lease = leaseOf(key)
      held.set(key, { lease, until: clock.now() + lifeMs, isWaitedFor: false })
      return { kind: 'held', lease }
    },
  }
}
