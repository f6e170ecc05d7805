const none = -1

/**
 * Rings of slots, each linked in both directions by two typed arrays: eight bytes a slot, nothing for the garbage
 * collector to follow. A ring begins at its hand: there the oldest slot lies, and just before it the newest.
 */
export class SlotRings {
  readonly #hands: Int32Array
  #older = new Uint32Array(0)
  #newer = new Uint32Array(0)

  constructor(rings: number) {
    this.#hands = new Int32Array(rings).fill(none)
  }

  grow(capacity: number): void {
    this.#older = lengthened(this.#older, capacity)
    this.#newer = lengthened(this.#newer, capacity)
  }

  /** The oldest slot of a ring; negative when it is empty. */
  oldest(ring: number): number {
    // Rings are those of the constructor, slots lie below the capacity and links name slots, here and below.
    return this.#hands[ring] as number
  }

  /** Whether a slot is the newest of a ring that is not empty. */
  isNewest(ring: number, slot: number): boolean {
    return this.#older[this.oldest(ring)] === slot
  }

  /** Puts a slot that is in no ring at the newest place of one. */
  push(ring: number, slot: number): void {
    const oldest = this.oldest(ring)
    if (oldest === none) {
      this.#older[slot] = slot
      this.#newer[slot] = slot
      this.#hands[ring] = slot
      return
    }
    const newest = this.#older[oldest] as number
    this.#older[slot] = newest
    this.#newer[slot] = oldest
    this.#newer[newest] = slot
    this.#older[oldest] = slot
  }

  /** Makes the oldest slot of a ring the newest: nothing but the hand moves. */
  pass(ring: number): void {
    this.#hands[ring] = this.#newer[this.oldest(ring)] as number
  }

  /** Takes a slot out of its ring. */
  take(ring: number, slot: number): void {
    const older = this.#older[slot] as number
    const newer = this.#newer[slot] as number
    if (this.oldest(ring) === slot) this.#hands[ring] = newer === slot ? none : newer
    this.#newer[older] = newer
    this.#older[newer] = older
  }

  clear(): void {
    this.#hands.fill(none)
    this.#older = new Uint32Array(0)
    this.#newer = new Uint32Array(0)
  }
}

/** Moves the links, so that no earlier array waits for the garbage collector. */
function lengthened(links: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(links.buffer.transfer(length * Uint32Array.BYTES_PER_ELEMENT))
}
