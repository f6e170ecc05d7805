import { createCluster, createKeyvNonBlocking, default as KeyvRedis } from '@keyv/redis'
import { RedisMessageProvider } from '@qified/redis'
import { Cacheable, createKeyv } from 'cacheable'
import { Keyv } from 'keyv'
import { defaultEntries, type Library, type Setting, ttlMs } from '../library.ts'

/**
 * Memory before Redis with tags and its synchronisation over Redis. Where outages are played, non-blocking as its page
 * says; elsewhere blocking, which keeps its tiers closer together.
 */
export const cacheable: Library = {
  name: 'cacheable',
  abilities: new Set(['loads', 'Redis', 'Redis Cluster', 'memory before Redis', 'tags', 'clear', 'deleteMany']),
  open: async ({ redis, deadlineMs, maxEntries = defaultEntries }: Setting) => {
    const primary = createKeyv({ lruSize: maxEntries })
    const secondary = redis === undefined ? undefined : await connect(redis, deadlineMs)
    const bus =
      redis?.kind === 'server' && deadlineMs === undefined
        ? new RedisMessageProvider({ uri: `redis://127.0.0.1:${redis.port}` })
        : undefined
    const cache = new Cacheable({
      primary,
      ttl: ttlMs,
      tags: true,
      namespace: 'defects',
      nonBlocking: deadlineMs !== undefined,
      ...(secondary === undefined ? {} : { secondary }),
      ...(bus === undefined ? {} : { sync: { qified: bus, namespace: 'defects' } }),
    })
    cache.on('error', () => {})
    secondary?.on('error', () => {})
    // Its subscription has no moment of its own to wait for.
    if (bus !== undefined) await bus.connect()
    return {
      get: key => cache.get(key),
      set: (key, value, tags) => cache.set(key, value, tags === undefined ? {} : { tags: [...tags] }),
      load: async (key, loader, tags = []) => {
        let isNew = false
        const fill = async () => {
          isNew = true
          return loader()
        }
        const value = await cache.getOrSet(key, fill, { throwErrors: 'function' })
        // Its loads take no tags; they are added to what was just kept.
        if (isNew && tags.length > 0) await cache.tags.setKeyTags(key, [...tags])
        return value
      },
      delete: key => cache.delete(key),
      deleteMany: keys => cache.deleteMany([...keys]),
      clear: () => cache.clear(),
      invalidateTags: tags => cache.tags.invalidateTags([...tags]),
      close: async () => {
        await bus?.disconnect()
        await cache.disconnect()
      },
    }
  },
}

async function connect(redis: NonNullable<Setting['redis']>, deadlineMs: number | undefined): Promise<Keyv> {
  if (redis.kind === 'cluster') {
    const client = createCluster({ rootNodes: redis.ports.map(port => ({ url: `redis://127.0.0.1:${port}` })) })
    await client.connect()
    return new Keyv({ store: new KeyvRedis(client) })
  }
  const url = `redis://127.0.0.1:${redis.port}`
  if (deadlineMs === undefined) return new Keyv({ store: new KeyvRedis(url) })
  return createKeyvNonBlocking(url, { connectionTimeout: deadlineMs })
}
