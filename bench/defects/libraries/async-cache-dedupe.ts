import { createCache } from 'async-cache-dedupe'
import { Cluster, Redis } from 'ioredis'
import { defaultEntries, type Library, type Setting, ttlMs } from '../library.ts'

/** What a call hands to the one defined function: its key alone is the cache's key. */
interface Call {
  readonly key: string
  readonly loader: () => Promise<unknown>
  readonly tags: readonly string[]
}

/** Its memory storage, or its Redis storage where a scenario has a Redis: it knows no two tiers. */
export const asyncCacheDedupe: Library = {
  name: 'async-cache-dedupe',
  abilities: new Set(['loads', 'Redis', 'Redis Cluster', 'tags', 'clear']),
  open: async ({ redis, deadlineMs, maxEntries = defaultEntries }: Setting) => {
    const ttl = ttlMs / 1000
    const client = redis === undefined ? undefined : connect(redis, deadlineMs)
    const storage =
      client === undefined
        ? ({ type: 'memory', options: { size: maxEntries, invalidation: true } } as const)
        : // Its type names Redis alone; its documentation takes what is compatible, as a Cluster is.
          ({ type: 'redis', options: { client: client as Redis, invalidation: { referencesTTL: ttl } } } as const)
    const cache = createCache({ ttl, storage, onError: () => {} }).define(
      'load',
      { serialize: ({ key }: Call) => key, references: ({ tags }: Call) => [...tags] },
      ({ loader }: Call) => loader(),
    )
    return {
      get: async key => (await cache.get('load', `load~${key}`)) ?? undefined,
      set: (key, value, tags = []) => cache.set('load', `load~${key}`, value, ttl, [...tags]),
      load: (key, loader, tags = []) => cache.load({ key, loader, tags }),
      delete: key => cache.clear('load', { key }),
      clear: () => cache.clear(),
      invalidateTags: tags => cache.invalidateAll([...tags]),
      close: async () => client?.disconnect(),
    }
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
