import type { Instant } from '../../base/instant.ts'

/** What was seen within one UTC hour. Everything adds up; an average is a total and what it is the total of. */
export interface HourCounts {
  /** The start of the hour. */
  readonly hourAt: Instant
  readonly hits: number
  readonly misses: number
  readonly responses: number
  readonly responseTotalMs: number
  readonly generations: number
  readonly generationTotalMs: number
}

/** What is stored now. */
export interface StoredTotals {
  readonly conversations: number
  /** Size of the chat tables with their indexes. */
  readonly bytes: number
}

export interface HourlyMetricsFlush {
  /** The UUID of the process that counted. */
  readonly source: string
  /** Grows with each flush of that source: it tells a second try from a new flush. */
  readonly number: number
  readonly hours: readonly HourCounts[]
  /** Left out where nobody counted just now; the hour then keeps what it has. */
  readonly totals: StoredTotals | undefined
}

/** Where the hourly counts of all servers are added up (`cache_metrics`). */
export interface HourlyMetricsStore {
  /**
   * Adds a flush to its hours, once: `known` says that this flush, tried again because its outcome was unknown, had been
   * added the first time.
   */
  add(flush: HourlyMetricsFlush): Promise<'added' | 'known'>
  totals(): Promise<StoredTotals>
  /** Forgets a source that flushes no more, and those that have been silent for a month. */
  forget(source: string): Promise<void>
}
