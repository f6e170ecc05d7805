import type { Clock } from '../../base/clock.ts'
import { type GuardedStore, isAway } from '../tiers/guarded-store.ts'
import type { Coherence } from './coherence.ts'
import type { KnownMark, MarkTable } from './mark-table.ts'

/** A mark is kept in the store this long at least, so that it is seldom asked to be kept longer. */
const shortestLifeMs = 86_400_000

/** Asks the store for marks that are not known here; those asked for in one tick go together. */
export class MarkKeeper {
  readonly #table: MarkTable
  readonly #coherence: Coherence
  readonly #store: GuardedStore | undefined
  readonly #clock: Clock
  #asked = new Map<KnownMark, number>()
  #asking: Promise<void> | undefined

  /** @param store where marks are made; without one those of the table are the only ones */
  constructor(table: MarkTable, coherence: Coherence, store: GuardedStore | undefined, clock: Clock) {
    this.#table = table
    this.#coherence = coherence
    this.#store = store
    this.#clock = clock
  }

  /** The marks among these that must be asked for before they are compared. */
  unknown(marks: readonly KnownMark[], partitionGraceMs: number, now: number): readonly KnownMark[] {
    if (this.#store === undefined) return []
    return marks.filter(mark => !this.#coherence.knows(mark, partitionGraceMs, now))
  }

  /** Those unknown, and those that the store may forget before an entry's end. */
  wanted(marks: readonly KnownMark[], partitionGraceMs: number, now: number, until: number): readonly KnownMark[] {
    if (this.#store === undefined) return []
    return marks.filter(
      mark => !this.#coherence.knows(mark, partitionGraceMs, now) || (mark.keptUntil < until && mark.unsettled === 0),
    )
  }

  /** Asks for marks; afterwards those are known that the store answered. */
  ask(marks: readonly KnownMark[], until: number): Promise<void> {
    for (const mark of marks) this.#asked.set(mark, Math.max(until, this.#asked.get(mark) ?? 0))
    this.#asking ??= new Promise(resolve => {
      setImmediate(() => {
        this.#asking = undefined
        resolve(this.#askGathered())
      })
    })
    return this.#asking
  }

  async #askGathered(): Promise<void> {
    const marks = [...this.#asked.keys()]
    const now = this.#clock.now()
    const until = Math.max(now + shortestLifeMs, ...this.#asked.values())
    this.#asked = new Map()
    const before = marks.map(mark => mark.changes)
    const answers = await this.#store?.marks(
      marks.map(mark => mark.name),
      until,
    )
    marks.forEach((mark, index) => {
      const answer = answers?.[index]
      // What was renewed while the question was under way is newer than the answer.
      if (answer === undefined || isAway(answer) || mark.changes !== before[index]) return
      this.#table.learn(mark, answer, now, until)
    })
  }
}
