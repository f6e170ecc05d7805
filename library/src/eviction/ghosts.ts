const ways = 4
const timeShift = 15
const timeMask = 0xffff
const printMask = 0x7fff
/** Ages are told apart in this many steps, so that 16 bits of time come round only after eight lifetimes. */
const steps = 8192

/** The two queues, as the ghost's highest bit has them. */
const small = 0
const main = 1

/**
 * Remembers which keys were evicted lately, from which of two queues and how long ago, counted in that queue's own
 * evictions. Four bytes a key: one bit of queue, 16 of time, 15 of the key's hash, in buckets of four where the newest
 * takes the place of the oldest. A key that never was here is taken for a remembered one about once in ten thousand
 * times, which costs a little aptness and nothing else.
 */
export class Ghosts {
  /** How many keys there is room for. */
  readonly capacity: number
  readonly #table: Int32Array
  readonly #buckets: number
  /** The time in each queue, in steps, with fractions and without. */
  readonly #times = new Float64Array(2)
  readonly #wholeTimes = new Int32Array(2)

  /** @param earlier a smaller or larger memory, whose ghosts are taken over */
  constructor(capacity: number, earlier?: Ghosts) {
    this.capacity = capacity
    this.#buckets = Math.ceil(capacity / ways)
    this.#table = new Int32Array(this.#buckets * ways)
    if (earlier !== undefined) this.#takeOver(earlier)
  }

  /** @param lifetime how many evictions from a queue are of interest; may change from one to the next */
  remember(hash: number, fromMain: boolean, lifetime: number): void {
    if (hash === 0) return
    const queue = fromMain ? main : small
    const time = this.#advance(queue, steps / lifetime)
    this.#table[this.#leastOf(hash)] = (queue << 31) | (time << timeShift) | printOf(hash)
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
      // Buckets lie within the table, here and below.
      const ghost = this.#table[at] as number
      if ((ghost & printMask) !== print) continue
      this.#table[at] = 0
      const age = this.#ageOf(ghost)
      if (age >= steps) return 0
      return ghost < 0 ? age / steps - 1 : 1 - age / steps
    }
    return 0
  }

  /** Counts an eviction from a queue, and answers the time there. */
  #advance(queue: typeof small | typeof main, by: number): number {
    // There are two queues.
    const time = (this.#times[queue] as number) + by
    // By a comparison: the remainder of a fraction takes longer than all else.
    this.#times[queue] = time >= timeMask + 1 ? time - timeMask - 1 : time
    this.#wholeTimes[queue] = this.#times[queue] as number
    return this.#wholeTimes[queue] as number
  }

  /** Where a bucket becomes several, its ghosts go into each: only one of them will be asked for them. */
  #takeOver(earlier: Ghosts): void {
    this.#times.set(earlier.#times)
    this.#wholeTimes.set(earlier.#wholeTimes)
    for (let bucket = 0; bucket < this.#buckets; bucket += 1) {
      const from = Math.floor((bucket / this.#buckets) * earlier.#buckets) * ways
      this.#table.set(earlier.#table.subarray(from, from + ways), bucket * ways)
    }
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
    // The mask takes off the queue's bit, too.
    return ((this.#wholeTimes[ghost >>> 31] as number) - (ghost >> timeShift)) & timeMask
  }

  #bucketOf(hash: number): number {
    return Math.floor(((hash >>> 0) / 0x1_0000_0000) * this.#buckets) * ways
  }
}

/** Never 0, which stands for an empty place. */
function printOf(hash: number): number {
  return hash & printMask || 1
}
