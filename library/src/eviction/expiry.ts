import type { Clock } from '../base/clock.ts'

/** When the entries of a cache end. Takes memory from the first entry that does, and asks for the time only for those. */
export class Expiry {
  readonly #clock: Pick<Clock, 'now'>
  #capacity = 0
  /** Infinity for entries that do not end. */
  #endsAt: Float64Array<ArrayBuffer> | undefined

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  grow(capacity: number): void {
    this.#capacity = capacity
    if (this.#endsAt === undefined) return
    const { length, buffer } = this.#endsAt
    this.#endsAt = new Float64Array(buffer.transfer(capacity * Float64Array.BYTES_PER_ELEMENT))
    this.#endsAt.fill(Number.POSITIVE_INFINITY, length)
  }

  /** Begins the life of the entry in a slot; without a length it does not end. */
  begin(slot: number, ttlMs: number | undefined): void {
    if (ttlMs === undefined) {
      if (this.#endsAt !== undefined) this.#endsAt[slot] = Number.POSITIVE_INFINITY
      return
    }
    this.#endsAt ??= new Float64Array(this.#capacity).fill(Number.POSITIVE_INFINITY)
    this.#endsAt[slot] = this.#clock.now() + ttlMs
  }

  isOver(slot: number): boolean {
    if (this.#endsAt === undefined) return false
    // Slots lie below the capacity.
    const endsAt = this.#endsAt[slot] as number
    return endsAt !== Number.POSITIVE_INFINITY && endsAt <= this.#clock.now()
  }

  remainingMs(slot: number): number {
    const endsAt = this.#endsAt?.[slot] ?? Number.POSITIVE_INFINITY
    return endsAt === Number.POSITIVE_INFINITY ? endsAt : Math.max(0, endsAt - this.#clock.now())
  }

  clear(): void {
    this.#capacity = 0
    this.#endsAt = undefined
  }
}
