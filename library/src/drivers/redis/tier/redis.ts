import { systemClock } from '../../../base/clock.ts'
import { readNames } from '../../../base/option-reading.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type { Bus } from '../../../ports/bus.ts'
import type { Leases } from '../../../ports/lease.ts'
import type { SharedTier } from '../../../ports/shared-tier.ts'
import { openRedis, type RedisOptions } from '../connect-redis.ts'
import type { Redis } from '../connection/redis.ts'
import { redisBus } from './redis-bus.ts'
import { redisLeases } from './redis-leases.ts'
import { redisStore } from './redis-store.ts'

export interface RedisTierOptions extends RedisOptions {
  /** What all keys and channels begin with. Default `reprise:`. */
  readonly prefix?: string
}

/** The shared tier in Redis: store, bus and leases. */
export interface RedisTier extends SharedTier {
  readonly bus: Bus
  readonly leases: Leases
}

const longestPrefix = 100
const optionNames: ReadonlySet<string> = new Set<keyof RedisTierOptions>([
  'url',
  'cluster',
  'client',
  'connectTimeoutMs',
  'commandTimeoutMs',
  'writeTimeoutMs',
  'clock',
  'prefix',
])

/**
 * A tier of caches in Redis, in a Redis Cluster, or wherever a client of @redis/client is connected to. Nothing starts
 * before the first use.
 * @throws RepriseError `invalid_setting` or `invalid_option` when the options cannot be used; never because Redis is away
 * @example
 * const tier = redis({ url: 'redis://127.0.0.1:6379' })
 * const cluster = redis({ cluster: ['10.0.0.1:6379', '10.0.0.2:6379'], prefix: 'shop:' })
 */
export function redis(options: RedisTierOptions): RedisTier {
  readNames(options, optionNames, 'redis')
  const { prefix = 'reprise:', clock = systemClock } = options
  if (typeof prefix !== 'string' || prefix.length > longestPrefix || !prefix.isWellFormed()) {
    throw new RepriseError('invalid_option', `The prefix must be a text of at most ${longestPrefix} characters.`, {
      field: 'prefix',
    })
  }
  const open = () => openRedis(options, 'store_unavailable')
  let current: Redis = open()
  let users = 0
  const now = () => current
  const { commandTimeoutMs: readLimitMs = 100, writeTimeoutMs: writeLimitMs = 250 } = options
  const bus = redisBus({ redis: now, prefix, clock })

  return {
    store: redisStore({ redis: now, prefix, readLimitMs, writeLimitMs, clock }),
    bus,
    leases: redisLeases(now, prefix),
    use: () => {
      users += 1
      let ended = false
      return async () => {
        if (ended) return
        ended = true
        users -= 1
        if (users > 0) return
        const last = current
        // Whoever comes next finds a Redis that was not begun yet.
        current = open()
        await Promise.all([bus.close(), last.close()])
      }
    },
  }
}
