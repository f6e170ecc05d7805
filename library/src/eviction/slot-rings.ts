const none = -1

/** Two bytes name so many slots. */
const mostShortSlots = 2 ** 16

type Links = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/**
 * Rings of slots, each linked in both directions by two typed arrays: four or eight bytes a slot, nothing for the garbage
 * collector to follow. A ring begins at its hand: there the oldest slot lies, and just before it the newest.
 */
export class SlotRings {
  readonly #hands: Int32Array
  readonly #Links: typeof Uint16Array | typeof Uint32Array
  #older: Links
  #newer: Links

  /** @param mostSlots how many slots there will be at most */
  constructor(rings: number, mostSlots: number) {
    this.#hands = new Int32Array(rings).fill(none)
    this.#Links = mostSlots <= mostShortSlots ? Uint16Array : Uint32Array
    this.#older = new this.#Links(0)
    this.#newer = new this.#Links(0)
  }

  grow(capacity: number): void {
    this.#older = this.#lengthened(this.#older, capacity)
    this.#newer = this.#lengthened(this.#newer, capacity)
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

  /** The slot that came after this one; after the newest, the oldest. */
  newerThan(slot: number): number {
    return this.#newer[slot] as number
  }

  /** Makes a slot the oldest of its ring, and what was older the newest: nothing but the hand moves. */
  turnTo(ring: number, slot: number): void {
    this.#hands[ring] = slot
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
    this.#older = new this.#Links(0)
    this.#newer = new this.#Links(0)
  }

  /** Moves the links, so that no earlier array waits for the garbage collector. */
  #lengthened(links: Links, length: number): Links {
    return new this.#Links(links.buffer.transfer(length * this.#Links.BYTES_PER_ELEMENT))
  }
}
