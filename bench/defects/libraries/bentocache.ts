import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import type { CacheProvider } from 'bentocache/types'
import { Cluster, Redis } from 'ioredis'
import { type CacheUnderTest, defaultEntries, type Library, type Setting, ttlMs } from '../library.ts'

/** Memory before Redis with the Redis bus; outages as its page on resiliency says: suppressed errors and its breaker. */
export const bentocache: Library = {
  name: 'bentocache',
  abilities: new Set([
    'loads',
    'Redis',
    'Redis Cluster',
    'memory before Redis',
    'tags',
    'clear',
    'deleteMany',
    'namespaces',
    'a bound in bytes',
  ]),
  open: async ({ redis, deadlineMs, maxEntries = defaultEntries, maxBytes }: Setting) => {
    const bound = maxBytes === undefined ? { maxItems: maxEntries } : { maxSize: maxBytes, maxItems: defaultEntries }
    const memory = bentostore().useL1Layer(memoryDriver(bound))
    const connections = redis === undefined ? [] : [connect(redis, deadlineMs), connect(redis, deadlineMs)]
    const [store, bus] = connections
    const app =
      store === undefined || bus === undefined
        ? memory
        : memory.useL2Layer(redisDriver({ connection: store })).useBus(redisBusDriver({ connection: bus }))
    const outage = deadlineMs === undefined ? {} : { suppressL2Errors: true, l2CircuitBreakerDuration: '2s' }
    const cache = new BentoCache({ default: 'app', stores: { app }, prefix: 'defects', ttl: ttlMs, ...outage })
    return around(cache, async () => {
      await cache.disconnectAll()
      for (const connection of connections) connection.disconnect()
    })
  },
}

function connect(redis: NonNullable<Setting['redis']>, deadlineMs: number | undefined): Redis | Cluster {
  const limits = deadlineMs === undefined ? {} : { commandTimeout: deadlineMs, maxRetriesPerRequest: 1 }
  const connection =
    redis.kind === 'server'
      ? new Redis({ port: redis.port, host: '127.0.0.1', ...limits })
      : new Cluster(redis.ports.map(port => ({ host: '127.0.0.1', port })))
  connection.on('error', () => {})
  return connection
}

function around(cache: CacheProvider, close: () => Promise<void>): CacheUnderTest {
  return {
    get: key => cache.get({ key }),
    set: (key, value, tags = []) => cache.set({ key, value, tags: [...tags] }),
    load: (key, loader, tags = []) => cache.getOrSet({ key, factory: loader, tags: [...tags] }),
    delete: key => cache.delete({ key }),
    deleteMany: keys => cache.deleteMany({ keys: [...keys] }),
    clear: () => cache.clear(),
    invalidateTags: tags => cache.deleteByTag({ tags: [...tags] }),
    namespace: name => around(cache.namespace(name), close),
    close,
  }
}
