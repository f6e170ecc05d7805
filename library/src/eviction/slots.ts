/** How many slots a cache begins with. */
const firstCapacity = 64

/**
 * A Map of V8 holds 2^24 entries, but one of more than half as many throws once enough of them have come and gone: it
 * finds no room for those that left. So there are two.
 */
const mostOfMap = 2 ** 23

/**
 * Where entries lie: each in a slot, a small whole number found by its key. Grows by doubling as far as the most slots
 * that may be needed, so that an empty cache takes no memory for what may come, and a full one none for what cannot.
 */
export class Slots<K, V> {
  readonly #mostSlots: number
  readonly #onGrow: (capacity: number) => void
  readonly #slotOf = new Map<K, number>()
  /** What is more than one Map bears. */
  #moreSlots: Map<K, number> | undefined
  #keys: (K | undefined)[] = []
  #values: (V | undefined)[] = []
  /** Slots below `#used` that were given back. */
  #free: number[] = []
  #used = 0

  constructor(mostSlots: number, onGrow: (capacity: number) => void) {
    this.#mostSlots = mostSlots
    this.#onGrow = onGrow
  }

  get size(): number {
    return this.#slotOf.size + (this.#moreSlots?.size ?? 0)
  }

  find(key: K): number | undefined {
    const slot = this.#slotOf.get(key)
    return slot === undefined && this.#moreSlots !== undefined ? this.#moreSlots.get(key) : slot
  }

  /** Keeps an entry under a key that is not there yet, and answers its slot. */
  add(key: K, value: V): number {
    const slot = this.#free.pop() ?? this.#nextUnused()
    this.#keys[slot] = key
    this.#values[slot] = value
    if (this.#slotOf.size < mostOfMap) this.#slotOf.set(key, slot)
    else {
      this.#moreSlots ??= new Map()
      this.#moreSlots.set(key, slot)
    }
    return slot
  }

  keyOf(slot: number): K {
    // Asked for slots that hold an entry, here and below.
    return this.#keys[slot] as K
  }

  valueOf(slot: number): V {
    return this.#values[slot] as V
  }

  setValue(slot: number, value: V): void {
    this.#values[slot] = value
  }

  release(slot: number): void {
    const key = this.keyOf(slot)
    if (!this.#slotOf.delete(key)) this.#moreSlots?.delete(key)
    this.#keys[slot] = undefined
    this.#values[slot] = undefined
    this.#free.push(slot)
  }

  /** The entries with their slots, oldest first; may be changed meanwhile. */
  *entries(): Generator<[key: K, slot: number], undefined> {
    yield* this.#slotOf.entries()
    if (this.#moreSlots !== undefined) yield* this.#moreSlots.entries()
  }

  clear(): void {
    this.#slotOf.clear()
    this.#moreSlots = undefined
    this.#keys = []
    this.#values = []
    this.#free = []
    this.#used = 0
  }

  #nextUnused(): number {
    const slot = this.#used
    if (slot === this.#keys.length) this.#grow()
    this.#used += 1
    return slot
  }

  #grow(): void {
    const capacity = Math.min(this.#mostSlots, Math.max(firstCapacity, this.#keys.length * 2))
    // Arrays of just this length: those that grow by being pushed to keep up to a half more.
    this.#keys = lengthened(this.#keys, capacity)
    this.#values = lengthened(this.#values, capacity)
    this.#onGrow(capacity)
  }
}

function lengthened<Item>(items: readonly (Item | undefined)[], length: number): (Item | undefined)[] {
  const longer = new Array<Item | undefined>(length).fill(undefined)
  for (const [index, item] of items.entries()) longer[index] = item
  return longer
}
