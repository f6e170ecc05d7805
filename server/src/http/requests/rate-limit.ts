import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import { RepriseError, type RequestCounter, systemClock } from 'reprise'
import type { HttpServer } from '../http-server.ts'
import { requestCounts } from './request-counts.ts'

const windowMs = 60_000

/**
 * Limits how many requests an address may make in a minute; 0 sets no limit. With a shared counter the limit holds over
 * all servers that share it; while it is away, each server counts for itself.
 */
export function limitRate(server: HttpServer, max: number, shared?: RequestCounter | undefined): void {
  if (max === 0) return
  server.register(rateLimit, {
    max,
    timeWindow: windowMs,
    store: storeOver(shared),
    errorResponseBuilder: (_, { ttl }) => {
      const retryAfterSeconds = Math.max(1, Math.ceil(ttl / 1000))
      return new RepriseError('rate_limited', `Too many requests; try again in ${retryAfterSeconds} s.`, {
        retryAfterSeconds,
      })
    },
  })
}

/** The store as the plugin makes it: a class without what it is to count with. */
function storeOver(shared: RequestCounter | undefined): FastifyRateLimitStoreCtor {
  const own = requestCounts(systemClock)
  return class implements FastifyRateLimitStore {
    incr(caller: string, answer: (error: Error | null, count?: { current: number; ttl: number }) => void): void {
      // Counted here too, so that nobody begins anew when the shared counter goes away.
      const here = own(caller, windowMs)
      const told = ({ requests, leftMs }: typeof here) => answer(null, { current: requests, ttl: leftMs })
      if (shared === undefined) told(here)
      else shared.count(caller, windowMs).then(told, () => told(here))
    }

    child(): FastifyRateLimitStore {
      return this
    }
  }
}
