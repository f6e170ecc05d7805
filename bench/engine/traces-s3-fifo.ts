interface Resident {
  readonly weight: number
  uses: number
}

/**
 * S3-FIFO as it was published (Yang et al., SOSP 2023, algorithm 1), by weight: a small queue of a tenth, a main queue,
 * a ghost queue that remembers as much as the main queue holds. There is no package of it to measure against.
 */
export class S3Fifo<Key> {
  readonly #bound: number
  readonly #smallBound: number
  readonly #small = new Queue<Key>()
  readonly #main = new Queue<Key>()
  readonly #ghost = new Queue<Key>()
  readonly #residents = new Map<Key, Resident>()

  constructor(bound: number) {
    this.#bound = bound
    this.#smallBound = Math.max(1, bound * 0.1)
  }

  has(key: Key): boolean {
    const resident = this.#residents.get(key)
    if (resident === undefined) return false
    resident.uses = Math.min(resident.uses + 1, 3)
    return true
  }

  add(key: Key, weight = 1): void {
    if (weight > this.#bound) return
    while (this.#small.weight + this.#main.weight + weight > this.#bound) this.#evict()
    const queue = this.#ghost.delete(key) ? this.#main : this.#small
    queue.push(key, weight)
    this.#residents.set(key, { weight, uses: 0 })
  }

  #evict(): void {
    if (this.#small.weight >= this.#smallBound || this.#main.weight === 0) this.#evictSmall()
    else this.#evictMain()
  }

  #evictSmall(): void {
    for (;;) {
      const key = this.#small.shift()
      if (key === undefined) return
      const { weight, uses } = this.#residents.get(key.key) ?? { weight: 0, uses: 0 }
      if (uses <= 1) {
        this.#residents.delete(key.key)
        this.#ghost.push(key.key, weight)
        while (this.#ghost.weight > this.#bound - this.#smallBound) this.#ghost.shift()
        return
      }
      this.#residents.set(key.key, { weight, uses: 0 })
      this.#main.push(key.key, weight)
      while (this.#main.weight > this.#bound - this.#smallBound) this.#evictMain()
    }
  }

  #evictMain(): void {
    for (;;) {
      const key = this.#main.shift()
      if (key === undefined) return
      const resident = this.#residents.get(key.key)
      if (resident === undefined || resident.uses === 0) {
        this.#residents.delete(key.key)
        return
      }
      resident.uses -= 1
      this.#main.push(key.key, resident.weight)
    }
  }
}

/** Oldest first; a Map keeps the order in which keys came. */
class Queue<Key> {
  weight = 0
  readonly #weights = new Map<Key, number>()

  push(key: Key, weight: number): void {
    this.#weights.set(key, weight)
    this.weight += weight
  }

  shift(): { readonly key: Key } | undefined {
    const [oldest] = this.#weights.keys()
    if (oldest === undefined) return undefined
    this.delete(oldest)
    return { key: oldest }
  }

  delete(key: Key): boolean {
    const weight = this.#weights.get(key)
    if (weight === undefined) return false
    this.weight -= weight
    return this.#weights.delete(key)
  }
}
