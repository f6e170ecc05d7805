import {
  Announcer,
  type Clock,
  type HourCounts,
  type HourlyMetricsFlush,
  type HourlyMetricsStore,
  hourlyMetrics,
  systemClock,
} from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import { describe, expect, test } from 'vitest'
import { costOf } from './cost-of.ts'

const hour = 3_600_000
const noon = Date.UTC(2026, 0, 31, 12)

/** A clock that stands still until it is told to go on. */
function standingClock(nowMs: number): Clock & { goOn(byMs: number): void } {
  let now = nowMs
  return {
    now: () => now,
    monotonicMs: () => now,
    sleep: () => Promise.resolve(),
    goOn: byMs => {
      now += byMs
    },
  }
}

/** What PostgreSQL does, in a few lines; `fault` is asked before and after each add. */
function storeInMemory(fault: (when: 'before' | 'after') => boolean = () => false) {
  const hours = new Map<string, HourCounts>()
  const flushes: HourlyMetricsFlush[] = []
  const last = new Map<string, number>()
  const store: HourlyMetricsStore = {
    add: async flush => {
      if (fault('before')) throw new Error('away before')
      const known = (last.get(flush.source) ?? 0) >= flush.number
      if (!known) {
        last.set(flush.source, flush.number)
        flushes.push(flush)
        for (const counts of flush.hours) hours.set(counts.hourAt, sum(hours.get(counts.hourAt), counts))
      }
      if (fault('after')) throw new Error('away after')
      return known ? 'known' : 'added'
    },
    totals: async () => ({ conversations: 3, bytes: 1024 }),
    forget: async source => {
      last.delete(source)
    },
  }
  return { store, hours, flushes, last }
}

function sum(one: HourCounts | undefined, other: HourCounts): HourCounts {
  if (one === undefined) return other
  return {
    hourAt: other.hourAt,
    hits: one.hits + other.hits,
    misses: one.misses + other.misses,
    responses: one.responses + other.responses,
    responseTotalMs: one.responseTotalMs + other.responseTotalMs,
    generations: one.generations + other.generations,
    generationTotalMs: one.generationTotalMs + other.generationTotalMs,
  }
}

function read(outcome: 'hit' | 'miss' | 'error', durationMs = 2): ConversationEvents['history_read'] {
  return { owner: 'web-1', outcome, source: outcome === 'hit' ? 'redis' : undefined, stale: false, durationMs }
}

const erased: ConversationEvents['erased'] = { owner: 'web-1', rows: {}, copyPending: false }

describe('hourly metrics', () => {
  test('C5 a read counts one hit or one miss in its UTC hour, a failed one neither', async () => {
    const conversations = new Announcer<ConversationEvents>()
    const clock = standingClock(noon + hour - 1)
    const { store, hours } = storeInMemory()
    const metrics = hourlyMetrics({ store, conversations, clock })
    conversations.announce('history_read', read('hit', 3))
    conversations.announce('history_read', read('miss', 5))
    conversations.announce('history_read', read('error', 500))
    clock.goOn(1)
    conversations.announce('history_read', read('hit', 1))
    metrics.recordGeneration(250)
    await metrics.flush()
    expect([...hours.values()]).toEqual([
      {
        hourAt: '2026-01-31T12:00:00.000Z',
        hits: 1,
        misses: 1,
        responses: 2,
        responseTotalMs: 8,
        generations: 0,
        generationTotalMs: 0,
      },
      {
        hourAt: '2026-01-31T13:00:00.000Z',
        hits: 1,
        misses: 0,
        responses: 1,
        responseTotalMs: 1,
        generations: 1,
        generationTotalMs: 250,
      },
    ])
  })

  test('a flush is counted once, whether the database failed before it or after it', async () => {
    const conversations = new Announcer<ConversationEvents>()
    let state = 7
    const { store, hours } = storeInMemory(() => {
      state = (state * 48_271) % 2_147_483_647
      return state % 2 === 0
    })
    const metrics = hourlyMetrics({ store, conversations, clock: standingClock(noon) })
    for (let count = 1; count <= 500; count += 1) {
      conversations.announce('history_read', read(count % 5 === 0 ? 'miss' : 'hit', 1))
      if (count % 2 === 0) await metrics.flush()
      else void metrics.flush()
    }
    for (let round = 0; round < 40; round += 1) await metrics.flush()
    expect([...hours.values()]).toMatchObject([{ hits: 400, misses: 100, responses: 500, responseTotalMs: 500 }])
  })

  test('while the database is away 48 hours are kept, and what is dropped past them is told', async () => {
    const conversations = new Announcer<ConversationEvents>()
    const clock = standingClock(noon)
    let away = true
    const { store, hours } = storeInMemory(() => away)
    const metrics = hourlyMetrics({ store, conversations, clock })
    const dropped: number[] = []
    metrics.events.on('dropped', ({ requests }) => dropped.push(requests))
    for (let index = 1; index <= 50; index += 1) {
      for (let count = 0; count < index; count += 1) conversations.announce('history_read', read('hit'))
      await metrics.flush()
      clock.goOn(hour)
    }
    expect(dropped).toEqual([1, 2])
    expect(metrics.droppedRequests).toBe(3)
    away = false
    await metrics.flush()
    await metrics.flush()
    expect([...hours.values()].map(counts => counts.hits)).toEqual(Array.from({ length: 48 }, (_, index) => index + 3))
    expect([...hours.keys()].at(0)).toBe('2026-01-31T14:00:00.000Z')
  })

  test('nothing is written while nothing happens, and a change of what is stored is enough to write', async () => {
    const conversations = new Announcer<ConversationEvents>()
    const { store, flushes } = storeInMemory()
    const metrics = hourlyMetrics({ store, conversations, clock: standingClock(noon) })
    await metrics.flush()
    expect(flushes).toEqual([])
    conversations.announce('erased', erased)
    await metrics.flush()
    await metrics.flush()
    expect(flushes).toMatchObject([{ hours: [{ hits: 0, misses: 0 }], totals: { conversations: 3, bytes: 1024 } }])
  })

  test('what is stored is counted for one hundredth of the time at most', async () => {
    const conversations = new Announcer<ConversationEvents>()
    const clock = standingClock(noon)
    const { store, flushes } = storeInMemory()
    const slow = async () => {
      clock.goOn(40)
      return { conversations: 9, bytes: 1 }
    }
    const metrics = hourlyMetrics({ store: { ...store, totals: slow }, conversations, clock })
    for (let second = 0; second < 9; second += 1) {
      conversations.announce('history_read', read('hit'))
      await metrics.flush()
      clock.goOn(1000)
    }
    expect(flushes.map(flush => flush.totals !== undefined)).toEqual([
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      true,
    ])
  })

  test('the counts go on when what is stored cannot be counted', async () => {
    const conversations = new Announcer<ConversationEvents>()
    const { store, hours } = storeInMemory()
    const failing = async () => Promise.reject(new Error('statement timeout'))
    const metrics = hourlyMetrics({ store: { ...store, totals: failing }, conversations, clock: standingClock(noon) })
    const failures: unknown[] = []
    metrics.events.on('flush_failed', ({ error }) => failures.push(error))
    conversations.announce('history_read', read('hit'))
    await metrics.flush()
    expect([...hours.values()]).toMatchObject([{ hits: 1 }])
    expect(failures).toEqual([new Error('statement timeout')])
  })

  test('closing counts no more, flushes the rest and forgets the source', async () => {
    const conversations = new Announcer<ConversationEvents>()
    let failing = true
    const { store, hours, last } = storeInMemory(when => when === 'after' && failing)
    const metrics = hourlyMetrics({ store, conversations, clock: standingClock(noon) })
    conversations.announce('history_read', read('hit'))
    await metrics.flush()
    conversations.announce('history_read', read('miss'))
    failing = false
    await metrics.close()
    conversations.announce('history_read', read('hit'))
    await metrics.flush()
    expect([...hours.values()]).toMatchObject([{ hits: 1, misses: 1 }])
    expect(last.size).toBe(0)
  })

  test('F8 counting a read costs under a microsecond', () => {
    const conversations = new Announcer<ConversationEvents>()
    hourlyMetrics({ store: storeInMemory().store, conversations, clock: systemClock })
    const event = read('hit', 0.4)
    const cost = costOf(() => conversations.announce('history_read', event))
    console.log(`one counted read: ${cost.toFixed(0)} ns`)
    expect(cost).toBeLessThan(1000)
  })
})
