import type { MarkName } from '../../base/namespace-path.ts'
import type { Mark } from '../../ports/store.ts'

/** Stores make marks of letters, digits, `-` and `_`. */
const doubtful = '?'

/** What this process knows of a tag's or namespace's present mark. */
export class KnownMark {
  readonly name: MarkName
  /** The empty text until it is asked of the store or renewed here: memory's own first version. */
  value = '' as Mark
  /** When the store confirmed it, or the bus told it. */
  confirmedAt = Number.NEGATIVE_INFINITY
  /** The store keeps it until then. */
  keptUntil = 0
  /** Which of the process's invalidations renewed it last. */
  renewedBy = 0
  /** Grows with whatever makes answers of the store outdated that were asked for before. */
  changes = 0
  /** Renewals not yet carried out in every store: what a store says meanwhile is outdated. */
  unsettled = 0
  /** Entries and loads that compare with it. */
  holders = 0
  /** The table let it go: another object stands for the name from now on. */
  isForgotten = false

  constructor(name: MarkName) {
    this.name = name
  }

  get isKnown(): boolean {
    return isKnownMark(this.value)
  }
}

/** Whether this is a mark of the store, and not one that stands for a doubt or for never having been asked. */
export function isKnownMark(value: Mark): boolean {
  return value !== '' && !value.startsWith(doubtful)
}

/** The marks that something was made under. It is served only while all of them are the present ones. */
export class MarkSnapshot {
  readonly marks: readonly KnownMark[]
  readonly values: readonly Mark[]

  constructor(marks: readonly KnownMark[], values: readonly Mark[]) {
    this.marks = marks
    this.values = values
  }

  /** Over other marks: those that are here too stay as they were taken, for what became known since may be newer. */
  over(marks: readonly KnownMark[]): MarkSnapshot {
    const taken = new Map(this.marks.map((mark, index) => [mark, this.values[index]]))
    return new MarkSnapshot(
      marks,
      marks.map(mark => taken.get(mark) ?? mark.value),
    )
  }

  isCurrent(): boolean {
    const { marks, values } = this
    for (let index = 0; index < marks.length; index += 1) if (marks[index]?.value !== values[index]) return false
    return true
  }
}

/**
 * The marks known in this process. Those that an entry in memory or a running load compares with stay; of the others
 * the ones unused longest go past a bound. A mark that went and comes back counts as renewed for loads that began before.
 */
export class MarkTable {
  readonly #known = new Map<MarkName, KnownMark>()
  readonly #idle = new Set<KnownMark>()
  readonly #maxIdle: number
  #invalidations = 0
  /** Marks that are not known any more were last renewed by this invalidation or an earlier one. */
  #forgottenBy = 0

  constructor(maxIdle: number) {
    this.#maxIdle = maxIdle
  }

  /** How many marks are known, and how many of them nobody compares with. */
  get size(): { readonly known: number; readonly idle: number } {
    return { known: this.#known.size, idle: this.#idle.size }
  }

  /** The number of the latest invalidation; a load notes it when it begins. */
  get invalidations(): number {
    return this.#invalidations
  }

  get(name: MarkName): KnownMark {
    const found = this.#known.get(name)
    if (found !== undefined) return found
    const mark = new KnownMark(name)
    mark.renewedBy = this.#forgottenBy
    this.#known.set(name, mark)
    this.#rest(mark)
    return mark
  }

  /** Sets a new mark where there is no store that would. */
  renew(name: MarkName, value: Mark): void {
    const mark = this.get(name)
    this.#invalidations += 1
    mark.value = value
    mark.renewedBy = this.#invalidations
    mark.changes += 1
    mark.confirmedAt = Number.NEGATIVE_INFINITY
  }

  /**
   * It was or is being renewed, here or elsewhere. To what is asked of the store when it is needed: of several that
   * renew it at a time, the store alone knows who was last, and what is made under a mark counts from the moment on at
   * which the store has it.
   */
  doubt(name: MarkName): void {
    // Another text each time: what was made under one doubt must not pass for made under the next.
    this.renew(name, `${doubtful}${this.#invalidations}` as Mark)
  }

  /** One renewal more, or less, is under way to the store. */
  countUnsettled(name: MarkName, change: 1 | -1): void {
    const mark = this.get(name)
    mark.unsettled += change
    mark.changes += 1
  }

  /** Takes over what a store says. Another mark than the known one means an invalidation that was not heard of. */
  learn(mark: KnownMark, value: Mark, now: number, keptUntil: number): void {
    if (mark.unsettled > 0) return
    if (mark.value !== value) {
      if (mark.isKnown) {
        this.#invalidations += 1
        mark.renewedBy = this.#invalidations
      }
      mark.value = value
    }
    mark.confirmedAt = now
    mark.keptUntil = keptUntil
  }

  snapshot(marks: readonly KnownMark[]): MarkSnapshot {
    return new MarkSnapshot(
      marks,
      marks.map(mark => mark.value),
    )
  }

  /** Whether one of these marks was renewed after an invalidation of this number. */
  renewedSince(marks: readonly KnownMark[], invalidation: number): boolean {
    return marks.some(mark => mark.renewedBy > invalidation)
  }

  hold({ marks }: MarkSnapshot): void {
    for (const mark of marks) {
      if (mark.holders === 0) this.#idle.delete(mark)
      mark.holders += 1
    }
  }

  release({ marks }: MarkSnapshot): void {
    for (const mark of marks) {
      mark.holders -= 1
      if (mark.holders === 0) this.#rest(mark)
    }
  }

  #rest(mark: KnownMark): void {
    this.#idle.add(mark)
    for (const oldest of this.#idle) {
      if (this.#idle.size <= this.#maxIdle) return
      if (oldest.unsettled > 0) continue
      this.#idle.delete(oldest)
      this.#known.delete(oldest.name)
      oldest.isForgotten = true
      this.#forgottenBy = Math.max(this.#forgottenBy, oldest.renewedBy)
    }
  }
}
