import rateLimit from '@fastify/rate-limit'
import { RepriseError } from 'reprise'
import type { HttpServer } from '../http-server.ts'

/** How many addresses are counted at once; past it the one that came longest ago is forgotten. */
const maxAddresses = 20_000

/** Limits how many requests an address may make in a minute; 0 sets no limit. */
export function limitRate(server: HttpServer, max: number): void {
  if (max === 0) return
  server.register(rateLimit, {
    max,
    timeWindow: 60_000,
    cache: maxAddresses,
    errorResponseBuilder: (_, { ttl }) => {
      const retryAfterSeconds = Math.max(1, Math.ceil(ttl / 1000))
      return new RepriseError('rate_limited', `Too many requests; try again in ${retryAfterSeconds} s.`, {
        retryAfterSeconds,
      })
    },
  })
}
