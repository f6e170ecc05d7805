import { type Clock, createCache, systemClock } from 'reprise'
import { describe, expect, test } from 'vitest'
import { addFigures } from '../../src/admin/figures/cache-figures.ts'
import { Latencies, percentilesOf } from '../../src/admin/figures/latencies.ts'
import { presentFigures } from '../../src/admin/figures/present.ts'
import { TimeWindows } from '../../src/admin/figures/time-windows.ts'
import { TopKeys } from '../../src/admin/figures/top-keys.ts'
import { watchCache } from '../../src/admin/watch-cache.ts'

describe('counts by time', () => {
  test('forget what is older than their window', () => {
    let now = 1_000_000
    const windows = new TimeWindows(() => now)
    windows.add(3)
    now += 290_000
    windows.add(2)
    expect(windows.counts()).toEqual({ fiveMinutes: 5, hour: 5, all: 5 })
    now += 20_000
    expect(windows.counts()).toEqual({ fiveMinutes: 2, hour: 5, all: 5 })
    now += 3_300_000
    expect(windows.counts()).toEqual({ fiveMinutes: 0, hour: 2, all: 5 })
    now += 86_400_000
    windows.add()
    expect(windows.counts()).toEqual({ fiveMinutes: 1, hour: 1, all: 6 })
  })
})

describe('latencies', () => {
  test('give percentiles within ten percent', () => {
    const latencies = new Latencies()
    for (let ms = 1; ms <= 1_000; ms += 1) latencies.add(ms)
    const { count, p50, p95, p99 } = percentilesOf(latencies.counts())
    expect(count).toBe(1_000)
    for (const [found, true_] of [
      [p50, 500],
      [p95, 950],
      [p99, 990],
    ] as const) {
      expect(Math.abs((found ?? 0) / true_ - 1)).toBeLessThan(0.1)
    }
  })

  test('give none before anything was measured, and bear any duration', () => {
    const latencies = new Latencies()
    expect(percentilesOf(latencies.counts())).toEqual({ count: 0, p50: undefined, p95: undefined, p99: undefined })
    for (const ms of [0, -1, Number.NaN, 1e12]) latencies.add(ms)
    expect(percentilesOf(latencies.counts()).count).toBe(4)
  })
})

describe('top keys', () => {
  test('never lose what is heavy, in bounded memory', () => {
    const top = new TopKeys(16)
    for (let round = 0; round < 1_000; round += 1) {
      top.add('heavy', 2)
      if (round % 2 === 0) top.add('middling')
      top.add(`light ${round}`)
    }
    const [first, second] = top.top(2)
    expect(first).toEqual({ key: 'heavy', weight: 2_000 })
    expect(second?.key).toBe('middling')
    expect(top.top(1_000).length).toBeLessThanOrEqual(32)
  })
})

describe('a watched cache', () => {
  test('counts hits, misses, shared loads, stale serves, removals and costs', async () => {
    let now = Date.now()
    const clock: Clock = { ...systemClock, now: () => now }
    const cache = createCache({ name: 'ai', memory: { maxEntries: 2 }, ttl: '1m', grace: '1m', clock })
    const watched = watchCache({ name: 'ai', cache, bounds: { maxEntries: 2 }, clock })
    const load = () => cache.getOrSet('a', async () => 'value')
    await Promise.all([load(), load(), load()])
    await load()
    now += 61_000
    await load()
    await cache.set('b', 1)
    await cache.set('c', 1)

    const figures = watched.figures()
    expect(figures.hits.all).toBe(2)
    expect(figures.stale.all).toBe(1)
    expect(figures.misses.all).toBe(3)
    expect(figures.coalesced.all).toBe(2)
    expect(figures.entries).toBe(2)
    expect(figures.topByHits).toEqual([{ key: 'a', weight: 2 }])
    expect(figures.topByCost[0]?.key).toBe('a')
    const shown = presentFigures(figures, { showKeys: false, topKeys: 5 })
    expect(shown.hit_rate.all).toBe(40)
    expect(shown.memory_used_percent).toBe(100)
    expect(shown.top_keys_by_hits[0]?.key).toMatch(/^sha256:[0-9a-f]{16}$/)
    const twice = addFigures(figures, figures)
    expect([twice.hits.all, twice.entries, twice.maxEntries]).toEqual([4, 4, 4])
    expect(twice.topByHits).toEqual([{ key: 'a', weight: 4 }])

    watched.close()
    await cache.get('a')
    expect(watched.figures().hits.all).toBe(2)
    await cache.close()
  })
})
