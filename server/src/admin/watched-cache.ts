import type { Explanation, FoundKey, Key } from 'reprise'
import type { CacheFigures, CacheName } from './figures/cache-figures.ts'

/** What became of a request to remove something. */
export interface RemovalReceipt {
  /** Entries that were removed from this process's memory and, where that can be counted, from Redis. */
  readonly removed: number
  /** `queued`: Redis is away, and the removal is carried out when it is back. */
  readonly redis: 'done' | 'queued' | 'none'
}

export type InvalidationTarget =
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'tags'; readonly tags: readonly string[] }
  | { readonly kind: 'pattern'; readonly pattern: string }

/** A cache as operators see and steer it. */
export interface WatchedCache {
  readonly name: CacheName
  figures(): CacheFigures
  clear(): Promise<RemovalReceipt>
  cleanup(): Promise<{ readonly removed: number }>
  /** Undefined where entries cannot be told apart from outside. */
  readonly invalidate: ((target: InvalidationTarget) => Promise<RemovalReceipt>) | undefined
  readonly explain: ((key: Key) => Promise<Explanation>) | undefined
  /** Keys whose readable text holds `text`, at most `limit`. */
  readonly findKeys: ((text: string, limit: number) => Promise<readonly FoundKey[]>) | undefined
  close(): void
}
