import { LRUCache } from 'lru-cache'
import QuickLRU from 'quick-lru'
import { MemoryCache } from 'reprise/memory'
import { newCache } from 'transitory'
import { S3Fifo } from './traces-s3-fifo.ts'

/** What a replay asks of a cache: whether it has a key, which is a use of it, and to keep it where it had not. */
export interface Contender {
  has(key: string): boolean
  add(key: string, bytes: number): void
  close?(): void
}

export type Open = (bound: number) => Contender

export const ours = 'reprise'

/** Bounded by a number of entries. */
export const byEntries: Readonly<Record<string, Open>> = {
  [ours]: maxEntries => {
    const cache = new MemoryCache<string, true>({ maxEntries })
    return { has: key => cache.get(key) !== undefined, add: key => cache.set(key, true) }
  },
  'lru-cache': max => {
    const cache = new LRUCache<string, true>({ max })
    return { has: key => cache.get(key) !== undefined, add: key => cache.set(key, true) }
  },
  // It keeps up to twice its size.
  'quick-lru ½': max => {
    const cache = new QuickLRU<string, true>({ maxSize: Math.floor(max / 2) })
    return { has: key => cache.get(key) !== undefined, add: key => cache.set(key, true) }
  },
  transitory: max => {
    const cache = newCache<string, true>().maxSize(max).build()
    return {
      has: key => cache.getIfPresent(key) !== null,
      add: key => cache.set(key, true),
      // Else its timer runs on.
      close: () => cache.cleanUp(),
    }
  },
  'S3-FIFO': max => {
    const cache = new S3Fifo<string>(max)
    return { has: key => cache.has(key), add: key => cache.add(key) }
  },
}

/** Bounded by bytes; quick-lru knows no bytes. */
export const byBytes: Readonly<Record<string, Open>> = {
  [ours]: maxBytes => {
    const cache = new MemoryCache<string, true>({ maxBytes })
    return { has: key => cache.get(key) !== undefined, add: (key, bytes) => cache.set(key, true, { bytes }) }
  },
  'lru-cache': maxSize => {
    const cache = new LRUCache<string, true>({ maxSize })
    return { has: key => cache.get(key) !== undefined, add: (key, size) => cache.set(key, true, { size }) }
  },
  transitory: max => {
    const cache = newCache<string, number>()
      .maxSize(max)
      .withWeigher((_, bytes) => bytes)
      .build()
    return {
      has: key => cache.getIfPresent(key) !== null,
      add: (key, bytes) => cache.set(key, bytes),
      close: () => cache.cleanUp(),
    }
  },
  'S3-FIFO': max => new S3Fifo<string>(max),
}
