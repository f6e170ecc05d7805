import { type Cache, type CacheOptions, createCache } from 'reprise'
import { type RedisTierOptions, redis } from 'reprise/redis'
import { afterAll, beforeAll, it } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import { startRedis } from '../../../../testbed/servers/redis.ts'
import { startRedisCluster } from '../../../../testbed/servers/redis-cluster.ts'
import { manualClock } from '../../embedded/manual-clock.ts'
import { allPromises } from './all.ts'
import { rest, until, type World, wideLimits } from './scenario.ts'

interface Place extends AsyncDisposable {
  readonly options: RedisTierOptions
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  'one Redis': async () => {
    const server = await startRedis()
    return { options: { url: server.url }, [Symbol.asyncDispose]: () => server.stop() }
  },
  'a Redis Cluster of six': async () => {
    const cluster = await startRedisCluster()
    return { options: { cluster: cluster.addresses.split(',') }, [Symbol.asyncDispose]: () => cluster.stop() }
  },
}

let worlds = 0

/** Each cache has connections of its own, as if it were another process; names tell the worlds apart. */
function world(options: RedisTierOptions): World {
  const clock = manualClock(Date.now())
  const caches: Cache[] = []
  worlds += 1
  const name = `world ${worlds}`
  return {
    processes: 2,
    cache: async (given: Partial<CacheOptions> = {}) => {
      const cache = createCache({ name, clock, redis: redis({ ...options, ...wideLimits }), ...given })
      caches.push(cache)
      await until(() => cache.stats().bus === 'listening' && cache.stats().redis === 'up', 'Redis is reached')
      return cache
    },
    pass: async ms => {
      clock.advance(ms)
      await rest()
    },
    close: async () => {
      // Closing has limits too, which are of the clock's time.
      const passing = setInterval(() => clock.advance(1_000), 50)
      for (const cache of caches) await cache.close()
      clearInterval(passing)
    },
  }
}

for (const [name, start] of Object.entries(places)) {
  describeWith(['redis-server', 'redis-cli'], `two caches on ${name}`, () => {
    let place: Place
    beforeAll(async () => {
      place = await start()
    })
    afterAll(() => place?.[Symbol.asyncDispose]())

    for (const scenario of allPromises) {
      it(scenario.name, async () => {
        const around = world(place.options)
        try {
          await scenario.play(around)
        } finally {
          await around.close()
        }
      })
    }
  })
}
