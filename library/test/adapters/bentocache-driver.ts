import type { L2CacheDriver } from 'bentocache/types'
import type { Cache } from 'reprise'

/** A driver as bentocache asks for, over a cache or a namespace of one; colons in keys name namespaces, as its own do. */
export function bentocacheDriver(cache: Cache): L2CacheDriver {
  /** `users:posts:key` is `key` in the namespace `posts` of the namespace `users`. */
  function place(key: string): readonly [space: Cache, own: string] {
    const names = key.split(':')
    const own = names.pop() ?? key
    return [names.reduce((space, name) => space.namespace(name), cache), own]
  }
  const driver: L2CacheDriver = {
    type: 'l2',
    namespace: name => bentocacheDriver(cache.namespace(name)),
    get: key => {
      const [space, own] = place(key)
      return space.get<string>(own)
    },
    pull: async key => {
      const value = await driver.get(key)
      await driver.delete(key)
      return value
    },
    set: async (key, value, ttl) => {
      const [space, own] = place(key)
      await space.set(own, value, ttl === undefined ? {} : { ttl })
      return true
    },
    clear: async () => {
      await cache.clear()
    },
    delete: async key => {
      const [space, own] = place(key)
      return (await space.delete(own)).removed > 0
    },
    deleteMany: async keys => {
      await Promise.all(keys.map(key => driver.delete(key)))
      return true
    },
    // Whoever made the cache closes it.
    disconnect: async () => {},
  }
  return driver
}
