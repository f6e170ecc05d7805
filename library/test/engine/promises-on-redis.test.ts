import { type Cache, type CacheOptions, createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../testbed/redis.ts'
import { manualClock } from '../embedded/manual-clock.ts'
import { allPromises } from './promises/all.ts'
import { rest, until, type World } from './promises/scenario.ts'

describe('caches of several processes on one Redis', () => {
  let server: RedisServer
  let worlds = 0

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  /** Each cache has connections of its own, as if it were another process; names tell the worlds apart. */
  function world(): World {
    const clock = manualClock(Date.now())
    const caches: Cache[] = []
    worlds += 1
    const name = `world ${worlds}`
    return {
      cache: async (options: Partial<CacheOptions> = {}) => {
        const cache = createCache({ name, clock, redis: redis({ url: server.url }), ...options })
        caches.push(cache)
        await until(() => cache.stats().bus === 'listening' && cache.stats().redis === 'up', 'Redis is reached')
        return cache
      },
      pass: async ms => {
        clock.advance(ms)
        await rest()
      },
      close: async () => {
        for (const cache of caches) await cache.close()
      },
    }
  }

  for (const scenario of allPromises) {
    it(scenario.name, async () => {
      const around = world()
      try {
        await scenario.play(around)
      } finally {
        await around.close()
      }
    })
  }
})
