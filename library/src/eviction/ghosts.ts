const ways = 4
const queueBit = 0x8000_0000
const timeShift = 15
const timeMask = 0xffff
const printMask = 0x7fff
/** Ages are told apart in this many steps, so that 16 bits of time come round only after eight lifetimes. */
const steps = 8192

/**
 * Remembers which keys were evicted lately, from which of two queues and how long ago, counted in that queue's own
 * evictions. Four bytes a key: one bit of queue, 16 of time, 15 of the key's hash, in buckets of four where the newest
 * takes the place of the oldest. A key that never was here is taken for a remembered one about once in ten thousand
 * times, which costs a little aptness and nothing else.
 */
export class Ghosts {
  /** How many evictions of a queue are of interest. */
  readonly capacity: number
  readonly #table: Uint32Array
  readonly #buckets: number
  readonly #stepsPerEviction: number
  /** The time in each queue, in steps. */
  #smallTime = 0
  #mainTime = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.#buckets = Math.ceil(capacity / ways)
    this.#table = new Uint32Array(this.#buckets * ways)
    this.#stepsPerEviction = steps / capacity
  }

  remember(hash: number, fromMain: boolean): void {
    if (hash === 0) return
    if (fromMain) this.#mainTime = (this.#mainTime + this.#stepsPerEviction) % (timeMask + 1)
    else this.#smallTime = (this.#smallTime + this.#stepsPerEviction) % (timeMask + 1)
    const time = Math.floor(fromMain ? this.#mainTime : this.#smallTime)
    this.#table[this.#leastOf(hash)] = ((fromMain ? queueBit : 0) | (time << timeShift) | printOf(hash)) >>> 0
  }

  /**
   * Forgets a key and answers how lately it was evicted: 1 just now, near 0 as long ago as is of interest, 0 not at all;
   * negative when it left the main queue.
   */
  recall(hash: number): number {
    if (hash === 0) return 0
    const print = printOf(hash)
    const first = this.#bucketOf(hash)
    for (let at = first; at < first + ways; at += 1) {
      // Buckets lie within the table.
      const ghost = this.#table[at] as number
      if ((ghost & printMask) !== print) continue
      this.#table[at] = 0
      const age = this.#ageOf(ghost)
      if (age >= steps) return 0
      return ghost >= queueBit ? age / steps - 1 : 1 - age / steps
    }
    return 0
  }

  /** The place in the hash's bucket that is empty or oldest. */
  #leastOf(hash: number): number {
    const first = this.#bucketOf(hash)
    let least = first
    let oldestAge = -1
    for (let at = first; at < first + ways; at += 1) {
      const ghost = this.#table[at] as number
      if (ghost === 0) return at
      const age = this.#ageOf(ghost)
      if (age > oldestAge) {
        least = at
        oldestAge = age
      }
    }
    return least
  }

  #ageOf(ghost: number): number {
    const time = ghost >= queueBit ? this.#mainTime : this.#smallTime
    return (time - ((ghost >>> timeShift) & timeMask)) & timeMask
  }

  #bucketOf(hash: number): number {
    return Math.floor(((hash >>> 0) / 0x1_0000_0000) * this.#buckets) * ways
  }
}

/** Never 0, which stands for an empty place. */
function printOf(hash: number): number {
  return hash & printMask || 1
}
