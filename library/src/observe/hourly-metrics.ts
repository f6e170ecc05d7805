import { randomUUID } from 'node:crypto'
import { Announcer } from '../base/announcer.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { ConversationEvents } from '../conversation/conversation-events.ts'
import type { HourlyMetricsStore, StoredTotals } from '../ports/chat/hourly-metrics.ts'
import { HourBuffer } from './hour-buffer.ts'

export interface HourlyMetricsEvents {
  /** Counts were added to the database. */
  readonly flushed: { readonly hours: number; readonly durationMs: number }
  /** A flush failed; its counts are kept and tried again. */
  readonly flush_failed: { readonly error: unknown }
  /** The database was away for longer than the buffer lasts: an hour's counts are lost. */
  readonly dropped: { readonly requests: number }
}

export interface HourlyMetricsOptions {
  readonly store: HourlyMetricsStore
  /** Whose reads of histories are counted. */
  readonly conversations: Announcer<ConversationEvents>
  /** How many hours are kept while the database is away; past it the oldest is dropped. 48 by default. */
  readonly maxHours?: number
  readonly clock?: Clock
}

/** Counts hits, misses and times per UTC hour in plain numbers, and adds them to the database when told to flush. */
export interface HourlyMetrics {
  readonly events: Announcer<HourlyMetricsEvents>
  /** Requests whose counts were lost so far because the buffer was full. */
  readonly droppedRequests: number
  /** Counts the time that a model took for an answer. */
  recordGeneration(durationMs: number): void
  /** Adds what was counted since the last flush; a failed flush is announced and keeps its counts for the next. */
  flush(): Promise<void>
  /** Stops counting and flushes for the last time. */
  close(): Promise<void>
}

/** Counting what is stored may take this share of the time at most. */
const totalsShare = 0.01

/**
 * Each GET of a guest's history is one hit (found in the copy or in PostgreSQL) or one miss (nothing found).
 *
 * @example
 * const metrics = hourlyMetrics({ store: postgresHourlyMetrics(database), conversations: announcer })
 * await metrics.flush() // every second
 */
export function hourlyMetrics(options: HourlyMetricsOptions): HourlyMetrics {
  const { store, conversations, maxHours = 48, clock = systemClock } = options
  const source = randomUUID()
  const events = new Announcer<HourlyMetricsEvents>()
  const buffer = new HourBuffer(maxHours, requests => events.announce('dropped', { requests }))
  let storedChanged = false
  let totalsDueAtMs = 0
  let flushing: Promise<void> | undefined

  const noteChange = () => {
    storedChanged = true
  }
  const endings = [
    conversations.on('history_read', ({ outcome, durationMs }) => {
      if (outcome !== 'error') buffer.addRead(clock.now(), outcome, durationMs)
    }),
    conversations.on('message_saved', noteChange),
    conversations.on('erased', noteChange),
    conversations.on('migrated', noteChange),
  ]

  /** Counted only after use, and seldom enough to cost next to nothing however large the tables are. */
  async function totals(): Promise<StoredTotals | undefined> {
    const startedMs = clock.monotonicMs()
    if (startedMs < totalsDueAtMs) return undefined
    storedChanged = false
    try {
      return await store.totals()
    } catch (error) {
      // The counts go on without it.
      storedChanged = true
      events.announce('flush_failed', { error })
      return undefined
    } finally {
      const finishedMs = clock.monotonicMs()
      totalsDueAtMs = finishedMs + (finishedMs - startedMs) / totalsShare
    }
  }

  async function carryOut(): Promise<void> {
    if (buffer.isEmpty && !storedChanged) return
    const startedMs = clock.monotonicMs()
    try {
      const counted = await totals()
      if (buffer.isEmpty && counted === undefined) return
      const { number, hours } = buffer.seal(clock.now())
      const outcome = await store.add({ source, number, hours, totals: counted })
      buffer.settle(number)
      if (outcome === 'known') storedChanged = true
      events.announce('flushed', { hours: hours.length, durationMs: clock.monotonicMs() - startedMs })
    } catch (error) {
      storedChanged = true
      events.announce('flush_failed', { error })
    }
  }

  function flush(): Promise<void> {
    flushing ??= carryOut().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  return {
    events,
    get droppedRequests() {
      return buffer.droppedRequests
    },
    recordGeneration: durationMs => buffer.addGeneration(clock.now(), durationMs),
    flush,
    close: async () => {
      for (const end of endings) end()
      await flushing
      // A flush whose outcome is unknown goes first, and what was counted since goes after it.
      await flush()
      if (!buffer.isEmpty) await flush()
      if (buffer.isEmpty) await store.forget(source).catch(error => events.announce('flush_failed', { error }))
    },
  }
}
