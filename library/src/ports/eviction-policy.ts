/**
 * Chooses which entry a full cache gives up. It knows entries by their slot, a small whole number that the cache gives
 * out and takes back, and never by key or value.
 *
 * The cache calls `insert` for a slot that the policy does not hold, and every other method for one that it holds. All
 * of them run in a handful of steps, also with millions of entries.
 */
export interface EvictionPolicy {
  /** Makes room for the slots below `capacity`; never called with less than before, except after `clear`. */
  grow(capacity: number): void
  /** A new entry lies in this slot. */
  insert(slot: number): void
  /** The entry in this slot was read or overwritten. */
  touch(slot: number): void
  /** Chooses a slot, lets go of it and answers it; at least one slot is held. */
  evict(): number
  /** The entry in this slot from now on weighs this much more, or less. */
  resize(slot: number, change: number): void
  /** Lets go of a slot whose entry went for another reason. */
  remove(slot: number): void
  /** Lets go of all slots. */
  clear(): void
}

/** What a policy may ask of the cache that it serves. */
export interface EvictionScene {
  /** The bound that the entries share: a number of entries, or of bytes. No slot is as high. */
  readonly bound: number
  /** What the entry in this slot counts towards the bound: 1, or its bytes. Changes by `resize` alone. */
  weightOf(slot: number): number
  /** 32 bits that stand for the key in this slot, equal for equal keys; 0 for keys without a stable hash. */
  hashOf(slot: number): number
}

export type MakeEvictionPolicy = (scene: EvictionScene) => EvictionPolicy
