import type { CacheKey } from '../base/key.ts'
import type { LoadReason } from './load/load.ts'
import type { KeepOutcome, MissReason } from './tiers/tier.ts'

/** Which call an event belongs to. */
export type ReadOperation = 'get' | 'getMany' | 'getOrSet' | 'getOrSetMany' | 'has'
export type WriteOperation = 'set' | 'setMany' | 'getOrSet' | 'getOrSetMany'

interface OfKey {
  /** The cache's name. */
  readonly cache: string
  /** The path of the namespace, the cache's own included: `app/rag`. */
  readonly namespace: string
  /** May hold personal data: not for logs or labels. */
  readonly key: CacheKey
}

interface OfCache {
  readonly cache: string
}

/**
 * What a cache announces, each once, after the fact. Durations in milliseconds. A batch announces one event a key. The
 * set is closed; `docs/engine/events.md` explains each.
 */
export interface CacheEvents {
  /** A value, or the remembered absence of one, was served from a tier. */
  readonly hit: OfKey & {
    readonly operation: ReadOperation
    readonly tier: string
    readonly state: 'fresh' | 'stale' | 'absent'
    /** How long ago the entry was made. */
    readonly ageMs: number
    /** Of hits in memory, which take less than the measuring, now and then one is measured. */
    readonly durationMs: number
  }
  /** No tier had anything to serve; a read that loads got the loaded value, or learnt that there is none. */
  readonly miss: OfKey & {
    readonly operation: ReadOperation
    readonly reason: MissReason | 'coalesced'
    /** Looking into the tiers; for a `coalesced` one, which shared another's load, the waiting. */
    readonly durationMs: number
  }
  /** A key was to be loaded, and its caller got an error in place of a value: neither hit nor miss. */
  readonly read_failed: OfKey & {
    readonly operation: 'getOrSet' | 'getOrSetMany'
    /** The loader's own, that of a deadline, or the reason why the caller left. */
    readonly error: unknown
    readonly durationMs: number
  }
  /** An entry was offered to the tiers. */
  readonly set: OfKey & {
    readonly operation: WriteOperation
    /** Empty when it was not to be kept. */
    readonly kept: readonly { readonly tier: string; readonly outcome: KeepOutcome }[]
    readonly durationMs: number
  }
  /** A loader ran. */
  readonly load: OfKey & {
    readonly reason: LoadReason
    readonly outcome: 'loaded' | 'absent' | 'not_modified' | 'failed' | 'timed_out' | 'cancelled'
    readonly durationMs: number
    /** What the loader threw. */
    readonly error: unknown
  }
  /** A refresh found that another process holds the lease, or has refreshed already. */
  readonly refresh_left: OfKey & { readonly to: 'another_process' | 'newer_entry' }
  /** A loaded value was kept nowhere, because its key, a tag or its namespace was invalidated meanwhile. */
  readonly fill_fenced: OfKey
  /** Keys were deleted. */
  readonly delete: OfCache & {
    readonly namespace: string
    readonly keys: number
    readonly removed: number
    readonly redis: 'done' | 'queued' | 'none'
    readonly durationMs: number
  }
  /** Tags, a pattern or a namespace were invalidated. */
  readonly invalidate: OfCache & {
    readonly namespace: string
    readonly by: 'tags' | 'pattern' | 'clear'
    readonly removed: number
    readonly redis: 'done' | 'queued' | 'none'
    readonly durationMs: number
  }
  /** Expired entries were removed from memory by `cleanup`. */
  readonly cleanup: OfCache & { readonly removed: number; readonly durationMs: number }
  /** A call failed: its caller got this error. */
  readonly failure: OfCache & {
    readonly namespace: string
    readonly operation: ReadOperation | WriteOperation | 'delete' | 'invalidate_tags' | 'invalidate_pattern' | 'clear'
    readonly error: unknown
    readonly durationMs: number
  }
  /** A tier held bytes that are no entry, are of another version, or were changed; read as a miss. */
  readonly entry_unreadable: OfKey & { readonly tier: string; readonly reason: string }
  /** Memory was full. */
  readonly evicted: OfCache & { readonly key: CacheKey }
  /** A tier did not answer in time and is left out until it does again. */
  readonly tier_away: OfCache & { readonly tier: string; readonly reason: Error }
  readonly tier_back: OfCache & { readonly tier: string; readonly awayMs: number }
  /** A tier restarted or failed over: recent invalidations are carried out again. */
  readonly tier_reborn: OfCache & { readonly tier: string }
  /** Invalidations of other processes may go unheard; memory is believed for `partitionGrace` more. */
  readonly bus_deaf: OfCache & { readonly reason: Error }
  readonly bus_listening: OfCache
  /** Invalidations wait for a shared tier that cannot be reached, no longer wait, or were too many. */
  readonly queue: OfCache & { readonly change: 'queued' | 'carried_out' | 'overflowed'; readonly waiting: number }
  /** A run of `warm` ended. */
  readonly warmed: OfCache & {
    readonly namespace: string
    readonly entries: number
    readonly failed: number
    readonly durationMs: number
  }
}

export const cacheEventNames: ReadonlySet<keyof CacheEvents> = new Set([
  'hit',
  'miss',
  'read_failed',
  'set',
  'load',
  'refresh_left',
  'fill_fenced',
  'delete',
  'invalidate',
  'cleanup',
  'failure',
  'entry_unreadable',
  'evicted',
  'tier_away',
  'tier_back',
  'tier_reborn',
  'bus_deaf',
  'bus_listening',
  'queue',
  'warmed',
])

/** Tells subscribers of one event. */
export type Announce = <Name extends keyof CacheEvents>(name: Name, event: CacheEvents[Name]) => void
