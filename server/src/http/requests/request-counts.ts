import type { Clock, RequestCount } from 'reprise'

/** How many callers are counted at once; past it the one whose window began longest ago is forgotten. */
const maxCallers = 20_000

interface Counted {
  requests: number
  readonly untilMs: number
}

/** Counts requests by caller in this process's memory. */
export function requestCounts(clock: Clock): (caller: string, windowMs: number) => RequestCount {
  const callers = new Map<string, Counted>()
  return (caller, windowMs) => {
    const now = clock.monotonicMs()
    const found = callers.get(caller)
    if (found !== undefined && found.untilMs > now) {
      found.requests += 1
      return { requests: found.requests, leftMs: found.untilMs - now }
    }
    // At the end of the map, whose first began longest ago.
    callers.delete(caller)
    callers.set(caller, { requests: 1, untilMs: now + windowMs })
    for (const oldest of callers.keys()) {
      if (callers.size <= maxCallers) break
      callers.delete(oldest)
    }
    return { requests: 1, leftMs: windowMs }
  }
}
