import type { Library } from './library.ts'

/** The libraries by name, ours first. Each is read from the disk only in the program that plays it. */
export const libraries: Readonly<Record<string, () => Promise<Library>>> = {
  reprise: async () => (await import('./libraries/reprise.ts')).reprise,
  bentocache: async () => (await import('./libraries/bentocache.ts')).bentocache,
  cacheable: async () => (await import('./libraries/cacheable.ts')).cacheable,
  'cache-manager': async () => (await import('./libraries/cache-manager.ts')).cacheManager,
  'async-cache-dedupe': async () => (await import('./libraries/async-cache-dedupe.ts')).asyncCacheDedupe,
  'lru-cache': async () => (await import('./libraries/lru-cache.ts')).lruCache,
}

export async function libraryOf(name: string): Promise<Library> {
  const library = await libraries[name]?.()
  if (library === undefined)
    throw new Error(`No such library: ${name}. There are ${Object.keys(libraries).join(', ')}.`)
  return library
}
