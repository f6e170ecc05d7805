import { LRUCache } from 'lru-cache'
import { defaultEntries, type Library, type Setting, ttlMs } from '../library.ts'

/** Memory alone, with its `fetch` for loads. */
export const lruCache: Library = {
  name: 'lru-cache',
  abilities: new Set(['loads', 'clear', 'a bound in bytes']),
  open: async ({ maxEntries = defaultEntries, maxBytes }: Setting) => {
    const bound =
      maxBytes === undefined
        ? { max: maxEntries }
        : {
            maxSize: maxBytes,
            // Two bytes a character, and about what an entry takes beside its value.
            sizeCalculation: (value: object, key: string) => (JSON.stringify(value).length + key.length) * 2 + 150,
          }
    const cache = new LRUCache<string, NonNullable<unknown>, () => Promise<unknown>>({
      ...bound,
      ttl: ttlMs,
      fetchMethod: async (_key, _stale, { context }) => (await context()) ?? undefined,
    })
    return {
      get: async key => cache.get(key),
      set: async (key, value) => cache.set(key, value ?? undefined),
      load: (key, loader) => cache.fetch(key, { context: loader }),
      delete: async key => cache.delete(key),
      clear: async () => cache.clear(),
      close: async () => {},
    }
  },
}
