/**
 * Doubly linked rings of slots in two typed arrays: eight bytes a slot, nothing for the garbage collector to follow, and
 * no branch at the ends, because each ring closes in a node of its own. Rings are numbered from 0 and their nodes lie
 * before those of the slots.
 */
export class SlotLists {
  readonly #rings: number
  #older = new Uint32Array(0)
  #newer = new Uint32Array(0)

  constructor(rings: number) {
    this.#rings = rings
    this.clear()
  }

  grow(capacity: number): void {
    this.#older = copied(this.#older, capacity + this.#rings)
    this.#newer = copied(this.#newer, capacity + this.#rings)
  }

  /** Puts a slot at the newest end of a ring. */
  push(ring: number, slot: number): void {
    const node = slot + this.#rings
    // Here and below: slots lie below the capacity, and links name nodes, so that the arrays have what is asked for.
    const newest = this.#older[ring] as number
    this.#older[node] = newest
    this.#newer[node] = ring
    this.#newer[newest] = node
    this.#older[ring] = node
  }

  /** Takes a slot out of the ring in which it is. */
  take(slot: number): void {
    const node = slot + this.#rings
    const older = this.#older[node] as number
    const newer = this.#newer[node] as number
    this.#newer[older] = newer
    this.#older[newer] = older
  }

  /** The slot at the oldest end; negative when the ring is empty. */
  oldest(ring: number): number {
    const node = this.#newer[ring] as number
    return node === ring ? -1 : node - this.#rings
  }

  /** Whether a slot is at the newest end of a ring. */
  isNewest(ring: number, slot: number): boolean {
    return this.#older[ring] === slot + this.#rings
  }

  clear(): void {
    this.#older = Uint32Array.from({ length: this.#rings }, (_, ring) => ring)
    this.#newer = Uint32Array.from(this.#older)
  }
}

function copied(links: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(length)
  longer.set(links)
  return longer
}
