import { instantOf } from '../base/instant.ts'
import type { HourCounts } from '../ports/chat/hourly-metrics.ts'

type Counts = { -readonly [Name in Exclude<keyof HourCounts, 'hourAt'>]: number }

interface Hour {
  readonly startMs: number
  readonly counts: Counts
}

/** What goes to the database in one statement. Once sealed it does not change, so that it can be tried again as it was. */
interface Sealed {
  readonly number: number
  readonly hours: Hour[]
}

const hourMs = 3_600_000

/** The counts of the hours that the database has not taken yet. Past `maxHours` the oldest hour is dropped. */
export class HourBuffer {
  readonly #maxHours: number
  readonly #onDrop: (requests: number) => void
  readonly #open = new Map<number, Hour>()
  #current: Hour | undefined
  #sealed: Sealed | undefined
  #lastNumber = 0
  #droppedRequests = 0

  constructor(maxHours: number, onDrop: (requests: number) => void) {
    this.#maxHours = Math.max(1, maxHours)
    this.#onDrop = onDrop
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#sealed === undefined
  }

  get droppedRequests(): number {
    return this.#droppedRequests
  }

  addRead(nowMs: number, outcome: 'hit' | 'miss', durationMs: number): void {
    const counts = this.#countsAt(nowMs)
    if (outcome === 'hit') counts.hits += 1
    else counts.misses += 1
    counts.responses += 1
    counts.responseTotalMs += durationMs
  }

  addGeneration(nowMs: number, durationMs: number): void {
    const counts = this.#countsAt(nowMs)
    counts.generations += 1
    counts.generationTotalMs += durationMs
  }

  /** The next flush: the one that was sealed before and not settled, or all that was counted since, or an empty hour. */
  seal(nowMs: number): { readonly number: number; readonly hours: readonly HourCounts[] } {
    if (this.#sealed === undefined) {
      if (this.#open.size === 0) this.#countsAt(nowMs)
      const hours = [...this.#open.values()].sort((one, other) => one.startMs - other.startMs)
      this.#open.clear()
      this.#current = undefined
      this.#lastNumber += 1
      this.#sealed = { number: this.#lastNumber, hours }
    }
    const { number, hours } = this.#sealed
    return { number, hours: hours.map(({ startMs, counts }) => ({ hourAt: instantOf(startMs), ...counts })) }
  }

  /** The database has taken this flush. */
  settle(number: number): void {
    if (this.#sealed?.number === number) this.#sealed = undefined
  }

  #countsAt(nowMs: number): Counts {
    const current = this.#current
    if (current !== undefined && nowMs >= current.startMs && nowMs < current.startMs + hourMs) return current.counts
    const startMs = Math.floor(nowMs / hourMs) * hourMs
    const known = this.#open.get(startMs)
    const hour = known ?? { startMs, counts: noCounts() }
    if (known === undefined) {
      this.#makeRoom()
      this.#open.set(startMs, hour)
    }
    this.#current = hour
    return hour.counts
  }

  /** The sealed hours are older than the open ones. */
  #makeRoom(): void {
    const sealed = this.#sealed?.hours ?? []
    if (sealed.length + this.#open.size < this.#maxHours) return
    const oldest = sealed.shift() ?? [...this.#open.values()].sort((one, other) => one.startMs - other.startMs)[0]
    if (oldest === undefined) return
    this.#open.delete(oldest.startMs)
    if (sealed.length === 0) this.#sealed = undefined
    const requests = oldest.counts.hits + oldest.counts.misses
    this.#droppedRequests += requests
    this.#onDrop(requests)
  }
}

function noCounts(): Counts {
  return { hits: 0, misses: 0, responses: 0, responseTotalMs: 0, generations: 0, generationTotalMs: 0 }
}
