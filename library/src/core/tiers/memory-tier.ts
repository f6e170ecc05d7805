import type { ByteSize } from '../../base/byte-size.ts'
import { matchesGlob } from '../../base/glob.ts'
import { type CacheKey, namespacePathOf, readableText } from '../../base/key.ts'
import type { NamespacePath } from '../../base/namespace-path.ts'
import { MemoryCache, type MemoryCacheStats } from '../../eviction/memory-cache.ts'
import type { EvictionPolicyName, RemovalCause } from '../../eviction/memory-cache-options.ts'
import type { Coherence } from '../coherence/coherence.ts'
import type { MarkTable } from '../coherence/mark-table.ts'
import { type Entry, entryBytes } from '../entry.ts'
import type { Policy } from '../policy.ts'
import type { Fill, KeepOutcome, Question, Tier, TierReading } from './tier.ts'

/** How large the memory of a cache may grow, by entries or by bytes, and who goes when it is full. */
export type MemoryBounds = {
  /** `adaptive` finds its way among recent and frequent use; default. */
  readonly policy?: EvictionPolicyName
} & (
  | { readonly maxEntries: number; readonly maxBytes?: never }
  /** A number of bytes, or text such as `"256mb"`. Default `"64mb"`. */
  | { readonly maxBytes?: ByteSize; readonly maxEntries?: never }
)

export interface MemoryTierOptions {
  readonly bounds: MemoryBounds
  readonly coherence: Coherence
  readonly marks: MarkTable
  /** Told of entries that went without being asked to. */
  readonly onEvicted: (key: CacheKey) => void
}

/** The process's own memory: bounded, and believed as far as marks and bus allow. */
export class MemoryTier implements Tier {
  readonly name = 'memory'
  readonly isShared = false
  readonly #cache: MemoryCache<CacheKey, Entry>
  readonly #coherence: Coherence
  readonly #marks: MarkTable

  constructor({ bounds, coherence, marks, onEvicted }: MemoryTierOptions) {
    this.#coherence = coherence
    this.#marks = marks
    const onRemove = (key: CacheKey, entry: Entry, cause: RemovalCause) => {
      marks.release(entry.snapshot)
      if (cause === 'evicted') onEvicted(key)
    }
    const { policy = 'adaptive', maxEntries, maxBytes } = bounds
    this.#cache = new MemoryCache(
      maxEntries === undefined
        ? {
            maxBytes: maxBytes ?? '64mb',
            sizeOf: (entry: Entry, key: CacheKey) => entryBytes(entry, key.length),
            policy,
            onRemove,
          }
        : { maxEntries, policy, onRemove },
    )
  }

  isSkipped(policy: Policy): boolean {
    return policy.skipMemory
  }

  /** The entry, when it can be served without a thought; everything else is for `read`. */
  serveNow(key: CacheKey, now: number): Entry | undefined {
    const entry = this.#cache.get(key)
    if (entry === undefined || now >= entry.refreshFrom || entry.era !== this.#coherence.trustedEra) return undefined
    return entry.snapshot.isCurrent() ? entry : undefined
  }

  read(key: CacheKey, question: Question): TierReading {
    const reading = this.#judge(this.#cache.get(key), question)
    // What cannot be served now never can be again.
    if (reading.kind === 'miss' && reading.reason !== 'absent') this.#cache.delete(key)
    return reading
  }

  peek(key: CacheKey, question: Question): TierReading {
    return this.#judge(this.#cache.peek(key), question)
  }

  readMany(keys: readonly CacheKey[], question: Question): readonly TierReading[] {
    return keys.map(key => this.read(key, question))
  }

  /** Keeps an entry while it still holds what is true: not when it was invalidated since its making began. */
  keep(key: CacheKey, { entry }: Pick<Fill, 'entry'>): KeepOutcome {
    if (!entry.snapshot.isCurrent()) return 'fenced'
    const kept = entry.inMemory()
    this.#marks.hold(kept.snapshot)
    if (this.#cache.set(key, kept)) return 'stored'
    this.#marks.release(kept.snapshot)
    return 'refused'
  }

  /** Whether a live entry was there. */
  remove(key: CacheKey, now: number): boolean {
    const entry = this.#cache.peek(key)
    if (entry === undefined) return false
    this.#cache.delete(key)
    return now < entry.staleUntil && entry.snapshot.isCurrent()
  }

  /** Removes what lies in or below a namespace and matches a glob; answers how many. */
  removeMatching(path: NamespacePath, glob: string): number {
    let removed = 0
    for (const key of this.matching(path, glob)) {
      this.#cache.delete(key)
      removed += 1
    }
    return removed
  }

  /** The keys in or below a namespace that match a glob; the cache may change meanwhile. */
  *matching(path: NamespacePath, glob: string): Generator<CacheKey> {
    for (const key of this.#cache.keys()) if (lies(key, path) && matchesGlob(glob, readableText(key))) yield key
  }

  clear(): void {
    this.#cache.clear()
  }

  /** Removes what can never be served again; answers how many. */
  cleanUp(now: number): number {
    let removed = 0
    for (const [key, entry] of this.#cache.entries()) {
      if (now < entry.staleUntil && entry.snapshot.isCurrent()) continue
      this.#cache.delete(key)
      removed += 1
    }
    return removed
  }

  stats(): MemoryCacheStats {
    return this.#cache.stats()
  }

  #judge(entry: Entry | undefined, { policy, now }: Question): TierReading {
    if (entry === undefined) return absent
    if (now >= entry.staleUntil) return expired
    if (!entry.snapshot.isCurrent()) return invalidated
    if (!this.#coherence.tolerates(entry.era, entry.keptAt, policy.partitionGraceMs, now)) return incoherent
    return { kind: now < entry.freshUntil ? 'fresh' : 'stale', entry, fence: undefined }
  }
}

/** Whether a key lies in a namespace or one below it. */
export function lies(key: CacheKey, path: NamespacePath): boolean {
  const own = namespacePathOf(key)
  return own === path || own.startsWith(`${path}/`)
}

const absent: TierReading = { kind: 'miss', reason: 'absent', fence: undefined }
const expired: TierReading = { kind: 'miss', reason: 'expired', fence: undefined }
const invalidated: TierReading = { kind: 'miss', reason: 'invalidated', fence: undefined }
const incoherent: TierReading = { kind: 'miss', reason: 'incoherent', fence: undefined }
