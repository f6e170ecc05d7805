import type { CacheKey } from '../../../base/key.ts'
import { randomMark } from '../../../base/random-mark.ts'
import type { Lease, Leases } from '../../../ports/lease.ts'
import type { Unavailable } from '../../../ports/store.ts'
import type { Redis } from '../connection/redis.ts'
import { redisScript } from '../connection/redis-script.ts'
import { unavailableOf } from './in-slots.ts'

/**
 * A lease is a string that ends by itself: the holder's token of 16 characters, and a `+` behind it once somebody else
 * asked. A key of a foreign type, or one that would stay for ever, is no lease.
 * KEYS: the lease. ARGV: token, life in ms. Answers -1 for held, else how long the holder has left, in ms.
 */
const acquireScript = redisScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return -1 end
local left = redis.call('PTTL', KEYS[1])
local length = redis.pcall('STRLEN', KEYS[1])
if left < 0 or type(length) == 'table' then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return -1
end
if length == #ARGV[1] then redis.pcall('APPEND', KEYS[1], '+') end
return left
`)

const holder = `
local text = redis.pcall('GET', KEYS[1])
if type(text) ~= 'string' or string.sub(text, 1, #ARGV[1]) ~= ARGV[1] then return -1 end
`

/** KEYS: the lease. ARGV: token, life in ms. Answers 1, or -1 when it is lost. */
const renewScript = redisScript(`${holder}
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

/** KEYS: the lease. ARGV: token. Answers 1 when somebody asked for it meanwhile, else 0, or -1 when it is lost. */
const releaseScript = redisScript(`${holder}
redis.call('DEL', KEYS[1])
return #text > #ARGV[1] and 1 or 0
`)

/** Leases in Redis: `<prefix>lease:<key>`. */
export function redisLeases(redis: () => Redis, prefix: string): Leases {
  async function carry<Outcome>(work: () => Promise<Outcome>): Promise<Outcome | Unavailable> {
    try {
      return await work()
    } catch (error) {
      return unavailableOf(redis(), error)
    }
  }

  function leaseOf(place: string, token: string): Lease {
    return {
      renew: lifeMs =>
        carry(async () => ((await renewScript(redis(), [place], [token, text(lifeMs)])) === 1 ? 'renewed' : 'lost')),
      release: () =>
        carry(async () => {
          const outcome = await releaseScript(redis(), [place], [token])
          if (outcome === -1) return 'lost'
          return outcome === 1 ? 'waited' : 'released'
        }),
    }
  }
  return {
    acquire: (key: CacheKey, lifeMs) =>
      carry(async () => {
        const place = `${prefix}lease:${key}`
        const token = randomMark()
        const left = Number(await acquireScript(redis(), [place], [token, text(lifeMs)]))
        return left < 0 ? { kind: 'held', lease: leaseOf(place, token) } : { kind: 'busy', leftMs: left }
      }),
  }
}

function text(lifeMs: number): string {
  return `${Math.max(1, Math.ceil(lifeMs))}`
}
