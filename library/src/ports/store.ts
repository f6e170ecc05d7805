import type { CacheKey } from '../base/key.ts'
import type { MarkName } from '../base/namespace-path.ts'

/**
 * What a store remembers of a key's history. Each key has a slot with a fence and perhaps an entry:
 *
 * | slot | fence |
 * |---|---|
 * | nothing was kept there, or all of it was forgotten | the empty text |
 * | a tombstone, left by `remove` | random, made by that `remove` |
 * | a fence planted by `fences` where nothing was | random, made by that `fences` |
 * | an entry | the fence that its write presented; random where that was none or the empty one |
 *
 * A fill presents the fence that its slot had before its loader ran. Whenever the key was removed or set meanwhile, the
 * slot has another fence and the fill is refused; so it is when the slot was forgotten or evicted, for what comes back
 * has another fence too. The empty fence alone proves nothing: a loader that finds it has one planted. Opaque to
 * everybody but the store.
 */
export type KeyFence = string & { readonly brand: 'KeyFence' }

/** The fence of a slot in which nothing is. */
export const noFence = '' as KeyFence

/** A random text that stands for the present version of a tag or namespace. */
export type Mark = string & { readonly brand: 'Mark' }

/** Something could not be asked of the store: it is away, too slow, full, refusing, or one of its nodes is. */
export interface Unavailable {
  readonly kind: 'unavailable'
  readonly reason: Error
  /** Whether a part of the store alone is away, such as one node of a cluster, while others answer. Default false. */
  readonly isPartial?: boolean
}

/**
 * Each part of a store, by name (each master of a cluster), with a text that changes whenever that part may have lost
 * what it held or gone back to an older state: another server, a restart, a failover. Undefined: that part is away.
 */
export type StoreLife = ReadonlyMap<string, string | undefined>

export type StoreReading =
  /** The bytes are the reader's: the store does not touch them again. */
  | { readonly kind: 'entry'; readonly bytes: Uint8Array; readonly fence: KeyFence }
  | { readonly kind: 'nothing'; readonly fence: KeyFence }
  | Unavailable

export interface StoreWrite {
  readonly key: CacheKey
  readonly bytes: Uint8Array
  /** When the slot may be forgotten, fence and all, ms since the epoch. May lie after the entry's own end. */
  readonly keepUntil: number
  /**
   * The entry is kept only when the slot's fence is this one, and keeps it; the empty one stands for a slot in which
   * nothing is. Undefined: kept whatever was there, under a new random fence, so that fills that began before are refused.
   */
  readonly fence: KeyFence | undefined
}

export type StoreWriteOutcome =
  | { readonly kind: 'stored' }
  /** The slot has another fence: the key was removed or set since the fence was read. */
  | { readonly kind: 'fenced' }
  | Unavailable

export type RemoveOutcome =
  /** An entry was there. */
  { readonly kind: 'removed' } | { readonly kind: 'absent' } | Unavailable

/** A glob over whole keys: `*` stands for any text, `?` for one character, `\` makes the next character literal. */
export type KeyGlob = string & { readonly brand: 'KeyGlob' }

/**
 * A tier that processes share: Redis, or whatever holds bytes by key for a while. It knows nothing of entries: time to
 * live, grace, tags and marks lie in the bytes and are compared by the engine.
 *
 * - Batches may be of any size; only `read` may name a key twice. Results come in the order of the batch. The store splits them by
 *   slot or size. The engine gathers the single reads of a tick, so that `read` mostly comes with many keys.
 * - No method rejects or throws because the store is away, slow or refusing: those results are `unavailable`, each on its
 *   own, so that one dead node of a cluster harms only its keys. No method takes longer than its limit. (The engine
 *   guards both, for stores that break their word: past the limit it goes on alone and calls the whole store away.)
 * - Each key's slot changes atomically. Nothing is promised across keys.
 * - A slot whose content is of a foreign type or cannot be read is `nothing` with the empty fence; an unfenced write and
 *   `remove` overwrite it.
 */
export interface Store {
  /** For events and `explain`: `redis`. */
  readonly name: string
  /** How long `read` and `marks` take at most. */
  readonly readLimitMs: number
  /** How long `write`, `remove`, `fences` and `renewMarks` take at most. */
  readonly writeLimitMs: number

  read(keys: readonly CacheKey[]): Promise<readonly StoreReading[]>

  /**
   * The fences of slots whose keys are about to be loaded; where nothing is, one is planted, atomically, so that all
   * askers get the same. A planted one is kept until `keepUntil`. When it is forgotten sooner, the load's fill is refused.
   */
  fences(keys: readonly CacheKey[], keepUntil: number): Promise<readonly (KeyFence | Unavailable)[]>

  write(writes: readonly StoreWrite[]): Promise<readonly StoreWriteOutcome[]>

  /**
   * Leaves a tombstone with a new random fence in each slot, kept until `keepUntil`: longer than any loader runs, so that
   * none that began before can find its old fence again.
   */
  remove(keys: readonly CacheKey[], keepUntil: number): Promise<readonly RemoveOutcome[]>

  /**
   * The marks of tags and namespaces; where there is none a random one is made, atomically, so that all askers get the
   * same. Each is kept until `keepUntil` at least: a mark that would be forgotten sooner is kept longer, never shorter.
   * A mark that was lost comes back as another one; entries that carry the old one are then misses, never revived.
   */
  marks(names: readonly MarkName[], keepUntil: number): Promise<readonly (Mark | Unavailable)[]>

  /** Sets new marks: whatever carries the old ones is never served again. Unavailable ones are answered, in order. */
  renewMarks(
    renewals: readonly MarkRenewal[],
    keepUntil: number,
  ): Promise<readonly ({ kind: 'renewed' } | Unavailable)[]>

  /**
   * Keys that match a glob, in bounded steps, over all nodes; a key that is there from begin to end is found, perhaps
   * twice. It may answer more keys than match (the caller compares again), and tombstones too.
   * @throws Error when a step fails; what was found until then was answered
   */
  scan(glob: KeyGlob, signal?: AbortSignal): AsyncIterable<readonly CacheKey[]>

  /**
   * Resolves when the store, or a part of it, answers as fast as it should.
   * @throws Error when no part does
   */
  life(): Promise<StoreLife>

  /**
   * Calls the listener when a connection to the store or a part of it was lost, and when it stands again: what is there
   * then may be older than it was. Answers what ends that. A store without connections has none.
   */
  onInterrupted?(listener: () => void): () => void
}

export interface MarkRenewal {
  readonly name: MarkName
  readonly mark: Mark
}
