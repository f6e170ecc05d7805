import { createCluster, createKeyvNonBlocking, default as KeyvRedis } from '@keyv/redis'
import { createCache } from 'cache-manager'
import { createKeyv } from 'cacheable'
import { Keyv } from 'keyv'
import { defaultEntries, type Library, type Setting, ttlMs } from '../library.ts'

/** The two stores of its quick start: CacheableMemory before Redis. */
export const cacheManager: Library = {
  name: 'cache-manager',
  abilities: new Set(['loads', 'Redis', 'Redis Cluster', 'memory before Redis', 'clear', 'deleteMany']),
  open: async ({ redis, deadlineMs, maxEntries = defaultEntries }: Setting) => {
    const memory = createKeyv({ lruSize: maxEntries, namespace: 'defects' })
    const shared = redis === undefined ? undefined : await connect(redis, deadlineMs)
    shared?.on('error', () => {})
    const cache = createCache({
      stores: shared === undefined ? [memory] : [memory, shared],
      ttl: ttlMs,
      nonBlocking: deadlineMs !== undefined,
    })
    return {
      get: key => cache.get(key),
      set: (key, value) => cache.set(key, value),
      load: (key, loader) => cache.wrap(key, loader),
      delete: key => cache.del(key),
      deleteMany: keys => cache.mdel([...keys]),
      clear: () => cache.clear(),
      close: () => cache.disconnect(),
    }
  },
}

async function connect(redis: NonNullable<Setting['redis']>, deadlineMs: number | undefined): Promise<Keyv> {
  if (redis.kind === 'cluster') {
    const client = createCluster({ rootNodes: redis.ports.map(port => ({ url: `redis://127.0.0.1:${port}` })) })
    await client.connect()
    return new Keyv({ store: new KeyvRedis(client), namespace: 'defects' })
  }
  const url = `redis://127.0.0.1:${redis.port}`
  if (deadlineMs === undefined) return new Keyv({ store: new KeyvRedis(url), namespace: 'defects' })
  return createKeyvNonBlocking(url, { namespace: 'defects', connectionTimeout: deadlineMs })
}
