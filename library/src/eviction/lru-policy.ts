import type { EvictionPolicy, EvictionScene } from '../ports/eviction-policy.ts'
import { SlotRings } from './slot-rings.ts'

/** All entries are in one ring. */
const all = 0

/** Gives up the least recently used entry. */
export class LruPolicy implements EvictionPolicy {
  readonly #rings: SlotRings

  constructor({ bound }: Pick<EvictionScene, 'bound'>) {
    this.#rings = new SlotRings(1, bound)
  }

  grow(capacity: number): void {
    this.#rings.grow(capacity)
  }

  insert(slot: number): void {
    this.#rings.push(all, slot)
  }

  touch(slot: number): void {
    if (this.#rings.isNewest(all, slot)) return
    this.#rings.take(all, slot)
    this.#rings.push(all, slot)
  }

  evict(): number {
    const slot = this.#rings.oldest(all)
    this.#rings.take(all, slot)
    return slot
  }

  resize(): void {
    // The order of use says all, whatever the entries weigh.
  }

  remove(slot: number): void {
    this.#rings.take(all, slot)
  }

  clear(): void {
    this.#rings.clear()
  }
}
