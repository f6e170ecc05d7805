import type { CacheKey } from '../../base/key.ts'
import type { KeyFence } from '../../ports/store.ts'
import type { Scope } from '../coherence/scope.ts'
import type { Entry } from '../entry.ts'
import type { Policy } from '../policy.ts'

/** Why a tier has nothing to serve. */
export type MissReason =
  | 'absent'
  /** Its time, grace included, was over. */
  | 'expired'
  /** A tag of it or its namespace was invalidated. */
  | 'invalidated'
  /** The bus was deaf for longer than `partitionGrace`. */
  | 'incoherent'
  /** Written by another version, or changed since. */
  | 'unreadable'
  /** The tier could not be asked. */
  | 'unavailable'

/** What one tier says of a key. */
export type TierReading =
  | { readonly kind: 'fresh'; readonly entry: Entry; readonly fence: KeyFence | undefined }
  /** Past its time, but within its grace. */
  | { readonly kind: 'stale'; readonly entry: Entry; readonly fence: KeyFence | undefined }
  | {
      readonly kind: 'miss'
      readonly reason: MissReason
      /** Undefined where a fill must not be tried; empty where one has to be asked for before. */
      readonly fence: KeyFence | undefined
      /** More on `unreadable` and `unavailable`. */
      readonly detail?: string
    }

/** What a read is about. */
export interface Question {
  readonly scope: Scope
  readonly policy: Policy
  readonly now: number
  /** The coherence era in which the read began. */
  readonly era: number
}

export interface Fill {
  readonly entry: Entry
  readonly scope: Scope
  /** As read by the same tier before the loader ran; undefined writes over whatever is there. */
  readonly fence: KeyFence | undefined
}

/** What became of an entry that was to be kept. */
export type KeepOutcome = 'stored' | 'fenced' | 'unavailable' | 'refused'

/** A place where entries are kept. The nearest is asked first; what is found in a farther one is kept in the nearer ones. */
export interface Tier {
  readonly name: string
  /** Shared with other processes: kept in only under the fence that it was read with. */
  readonly isShared: boolean
  /** Whether a call leaves this tier out. */
  isSkipped(policy: Policy): boolean
  /** Answers at once where nothing is waited for. */
  read(key: CacheKey, question: Question): TierReading | Promise<TierReading>
  /** As `read`, without leaving a trace. */
  peek(key: CacheKey, question: Question): TierReading | Promise<TierReading>
  readMany(keys: readonly CacheKey[], question: Question): readonly TierReading[] | Promise<readonly TierReading[]>
  /**
   * Of a shared tier: the fence of a slot in which a read found nothing, planted where there is none. Undefined where it
   * cannot be had: then a fill must not be tried.
   */
  fence?(key: CacheKey, lifeMs: number): Promise<KeyFence | undefined>
  keep(key: CacheKey, fill: Fill): KeepOutcome | Promise<KeepOutcome>
}
