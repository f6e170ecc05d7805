import type { CacheKey } from '../../base/key.ts'
import type { MarkTable } from '../coherence/mark-table.ts'
import { type Invalidation, matchesPattern, weightOf } from './invalidation.ts'

/** What is not yet carried out, or queued, names so many keys and marks at most; past it the whole cache is invalidated instead. */
const mostPending = 10_000
/** So much of what was carried out is remembered, for a store that comes back in an older state. */
const mostRemembered = 10_000
const rememberedMs = 3_600_000

interface Remembered {
  readonly invalidation: Invalidation
  readonly at: number
}

/**
 * Invalidations from their beginning until every process can know of them. Meanwhile this process believes nothing of
 * what the store holds under the keys concerned, so that what was deleted here never comes back from there.
 */
export class PendingInvalidations {
  readonly #marks: MarkTable
  readonly #queue = new Set<Invalidation>()
  readonly #keys = new Map<CacheKey, number>()
  #patterns = 0
  #weight = 0
  readonly #remembered = new Set<Remembered>()
  #rememberedWeight = 0
  /** Something younger than `rememberedMs` had to be forgotten. */
  #forgotAt = Number.NEGATIVE_INFINITY

  constructor(marks: MarkTable) {
    this.#marks = marks
  }

  get size(): number {
    return this.#weight
  }

  get isFull(): boolean {
    return this.#weight > mostPending
  }

  all(): readonly Invalidation[] {
    return [...this.#queue]
  }

  begin(invalidation: Invalidation): void {
    if (this.#queue.has(invalidation)) return
    this.#queue.add(invalidation)
    this.#count(invalidation, 1)
  }

  /** Others go first. */
  defer(invalidation: Invalidation): void {
    if (this.#queue.delete(invalidation)) this.#queue.add(invalidation)
  }

  /** It was carried out. */
  end(invalidation: Invalidation, now: number): void {
    this.#drop(invalidation)
    this.#remembered.add({ invalidation, at: now })
    this.#rememberedWeight += weightOf(invalidation)
    this.#forgetOld(now)
  }

  /** Gives up single invalidations; whoever calls it invalidates all that they could concern. */
  dropAll(): void {
    for (const invalidation of this.#queue) this.#drop(invalidation)
  }

  /** Whether what the store holds under a key may be outdated. */
  blocks(key: CacheKey): boolean {
    if (this.#weight === 0) return false
    if (this.#keys.has(key)) return true
    if (this.#patterns === 0) return false
    for (const pending of this.#queue) {
      if (pending.kind === 'pattern' && matchesPattern(key, pending.path, pending.glob)) return true
    }
    return false
  }

  /** The store may have gone back to an older state: what was carried out lately is pending again. False when not all of it is remembered. */
  repeatRemembered(now: number): boolean {
    this.#forgetOld(now)
    for (const { invalidation } of this.#remembered) this.begin(invalidation)
    this.#remembered.clear()
    this.#rememberedWeight = 0
    return this.#forgotAt + rememberedMs < now
  }

  #drop(invalidation: Invalidation): void {
    if (this.#queue.delete(invalidation)) this.#count(invalidation, -1)
  }

  #count(invalidation: Invalidation, change: 1 | -1): void {
    this.#weight += change * weightOf(invalidation)
    if (invalidation.kind === 'pattern') this.#patterns += change
    else if (invalidation.kind === 'marks') {
      for (const { name } of invalidation.renewals) this.#marks.countUnsettled(name, change)
    } else {
      for (const key of invalidation.keys) {
        const count = (this.#keys.get(key) ?? 0) + change
        if (count === 0) this.#keys.delete(key)
        else this.#keys.set(key, count)
      }
    }
  }

  #forgetOld(now: number): void {
    for (const remembered of this.#remembered) {
      const isOld = remembered.at + rememberedMs < now
      if (!isOld && this.#rememberedWeight <= mostRemembered) return
      if (!isOld) this.#forgotAt = remembered.at
      this.#rememberedWeight -= weightOf(remembered.invalidation)
      this.#remembered.delete(remembered)
    }
  }
}
