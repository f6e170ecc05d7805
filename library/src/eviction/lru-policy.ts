import type { EvictionPolicy } from '../ports/eviction-policy.ts'
import { SlotLists } from './slot-lists.ts'

const all = 0

/** Gives up the least recently used entry. */
export class LruPolicy implements EvictionPolicy {
  readonly #lists = new SlotLists(1)

  grow(capacity: number): void {
    this.#lists.grow(capacity)
  }

  insert(slot: number): void {
    this.#lists.push(all, slot)
  }

  touch(slot: number): void {
    if (this.#lists.isNewest(all, slot)) return
    this.#lists.take(slot)
    this.#lists.push(all, slot)
  }

  evict(): number {
    const slot = this.#lists.oldest(all)
    this.#lists.take(slot)
    return slot
  }

  resize(): void {
    // The order of use says all, whatever the entries weigh.
  }

  remove(slot: number): void {
    this.#lists.take(slot)
  }

  clear(): void {
    this.#lists.clear()
  }
}
