import type { KnownMark } from './mark-table.ts'

/** Until the bus listens again, what was kept before may have been invalidated elsewhere. */
interface Deafness {
  readonly since: number
  /** The era that was trusted until then. */
  readonly era: number
}

/**
 * How far memory may be believed. Time is divided into eras by the bus going deaf and listening again; whatever is kept
 * in memory bears the era in which its making began.
 */
export class Coherence {
  /** The era of what is made now. */
  era = 0
  /** What bears it is served without a further question; none while the bus is deaf. */
  trustedEra: number
  #deaf: Deafness | undefined
  #listeningSince = Number.NEGATIVE_INFINITY
  readonly #isStoreAway: () => boolean

  /** @param shared whether other processes can invalidate what is kept here */
  constructor(shared: boolean, isStoreAway: () => boolean) {
    this.#isStoreAway = isStoreAway
    this.trustedEra = shared ? -1 : 0
    if (shared) this.#deaf = { since: Number.NEGATIVE_INFINITY, era: -1 }
  }

  get isDeaf(): boolean {
    return this.trustedEra !== this.era
  }

  becomeDeaf(now: number): void {
    if (this.isDeaf) return
    this.#deaf = { since: now, era: this.era }
    this.era += 1
    this.trustedEra = -1
  }

  listen(now: number): void {
    this.era += 1
    this.trustedEra = this.era
    this.#listeningSince = now
  }

  /** Whether something kept in memory outside the trusted era may still be served. */
  tolerates(era: number, keptAt: number, partitionGraceMs: number, now: number): boolean {
    if (era === this.trustedEra) return true
    if (era === this.#deaf?.era) return now < this.#deaf.since + partitionGraceMs
    // Kept while deaf: with the store away nobody knows better; else the store is asked again after a while.
    return this.isDeaf && era === this.era && (this.#isStoreAway() || now < keptAt + partitionGraceMs)
  }

  /** Whether a mark need not be asked of the store. */
  knows(mark: KnownMark, partitionGraceMs: number, now: number): boolean {
    // Nothing that the store holds is under the mark to come: there is nothing to ask.
    if (mark.unsettled > 0) return true
    if (!mark.isKnown) return false
    return this.isDeaf ? now < mark.confirmedAt + partitionGraceMs : mark.confirmedAt >= this.#listeningSince
  }
}
