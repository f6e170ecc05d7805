import { type Cache, createCache } from 'reprise'
import { redis as redisTier } from 'reprise/redis'
import { type CacheUnderTest, defaultEntries, type Library, type Setting, ttlMs } from '../library.ts'

/** Memory, before Redis where there is one; all else as it is by default. */
export const reprise: Library = {
  name: 'reprise',
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
  open: async ({ redis, deadlineMs, maxEntries = defaultEntries, maxBytes }: Setting) =>
    around(
      createCache({
        name: 'defects',
        ttl: ttlMs,
        memory: maxBytes === undefined ? { maxEntries } : { maxBytes },
        ...(redis === undefined ? {} : { redis: connect(redis) }),
        ...(deadlineMs === undefined ? {} : { deadline: deadlineMs }),
      }),
    ),
}

function connect(redis: NonNullable<Setting['redis']>) {
  if (redis.kind === 'server') return redisTier({ url: `redis://127.0.0.1:${redis.port}` })
  return redisTier({ cluster: redis.ports.map(port => `127.0.0.1:${port}`) })
}

function around(cache: Cache): CacheUnderTest {
  return {
    get: key => cache.get(key),
    set: (key, value, tags = []) => cache.set(key, value, { tags }),
    load: (key, loader, tags = []) => cache.getOrSet(key, loader, { tags }),
    delete: key => cache.delete(key),
    deleteMany: keys => cache.deleteMany(keys),
    clear: () => cache.clear(),
    invalidateTags: tags => cache.invalidateTags(tags),
    namespace: name => around(cache.namespace(name)),
    close: () => cache.close(),
  }
}
