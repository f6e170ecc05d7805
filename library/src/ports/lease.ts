import type { CacheKey } from '../base/key.ts'
import type { Unavailable } from './store.ts'

export type LeaseOutcome =
  | { readonly kind: 'held'; readonly lease: Lease }
  /**
   * Somebody else holds it, for `leftMs` more unless it is renewed. The holder is told at release that somebody asked.
   */
  | { readonly kind: 'busy'; readonly leftMs: number }
  | Unavailable

/**
 * Rights to load a key, one holder at a time over all processes. A lease ends by itself, so that a dead holder harms
 * nobody for long; it saves work and decides nothing: the fence does. Like a store, it neither hangs nor throws.
 */
export interface Leases {
  /**
   * Asks for the key's lease without waiting. What is read from the store after `held` was answered holds what the
   * former holder wrote before it released.
   */
  acquire(key: CacheKey, lifeMs: number): Promise<LeaseOutcome>
}

export interface Lease {
  /** Holds it for `lifeMs` from now on; `lost` when it ended or somebody else has it. */
  renew(lifeMs: number): Promise<'renewed' | 'lost' | Unavailable>
  /** Ends it if it is still held; `waited` when somebody asked for it meanwhile, who is to be woken by the bus. */
  release(): Promise<'released' | 'waited' | 'lost' | Unavailable>
}
