import { type Clock, RepriseError } from 'reprise'
import type { Stores } from '../compose.ts'
import type { Settings } from '../config/settings-table.ts'
import { startPeriodic } from '../workers/periodic.ts'
import { copiesAfterTakeover } from './copies-after-takeover.ts'
import type { TakeoverReport } from './take-over.ts'
import { takeOverRedisOnce } from './take-over-redis.ts'

export interface TakeoverParts {
  readonly stores: Stores
  readonly settings: Settings
  readonly clock: Clock
  /** Told what was taken over, when there was anything to take over. */
  readonly onTakenOver: (report: TakeoverReport) => void
  /** Told of an attempt that failed; the next one comes by itself. */
  readonly onFailure: (error: unknown) => void
}

const everyMs = 5_000

/**
 * Takes over the guests of an older system before anybody uses their Redis: now, or once Redis is there. The stores that
 * are returned are the given ones, whose Redis counts as away until then.
 */
export async function startTakeover(parts: TakeoverParts): Promise<Stores> {
  const { stores, settings, clock, onTakenOver, onFailure } = parts
  const { fastCopies } = stores
  if (fastCopies?.kind !== 'redis') return stores
  const redis = fastCopies.copies
  const { copies, open } = copiesAfterTakeover(redis)

  /** Whether Redis may be used from now on. */
  async function attempt(): Promise<boolean> {
    if (!redis.isAvailable) return false
    const report = await takeOverRedisOnce(stores, settings)
    if (report !== undefined) onTakenOver(report)
    // Redis may have gone in between, and then nothing was looked at.
    if (report === undefined && !redis.isAvailable) return false
    open()
    return true
  }

  const gated: Stores = { ...stores, fastCopies: { ...fastCopies, copies } }
  if (await attempt().catch(whenAway)) return gated
  const worker = startPeriodic({
    everyMs,
    clock,
    onFailure,
    round: async () => {
      if (!(await attempt())) return
      stopListening()
      // Not awaited: it waits for this very round.
      void worker.close()
    },
  })
  const stopListening = redis.onReturn(() => worker.wake())
  return {
    ...gated,
    close: async () => {
      stopListening()
      await worker.close()
      await stores.close()
    },
  }
}

/** A Redis that goes away in the middle is taken over later; anything else is in the way of a start. */
function whenAway(error: unknown): false {
  if (error instanceof RepriseError && error.code === 'copy_unavailable') return false
  throw error
}
