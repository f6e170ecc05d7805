import { Registry } from 'prom-client'
import { type Cache, createCache } from 'reprise'
import { type PrometheusMetrics, prometheusMetrics } from 'reprise/prometheus'
import { redis } from 'reprise/redis'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { costOf } from './cost-of.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

function cacheOf(options: Partial<Parameters<typeof createCache>[0]> = {}): Cache {
  const cache = createCache({ name: 'app', ...options })
  ends.push(() => cache.close())
  return cache
}

function show(...caches: readonly Cache[]): PrometheusMetrics {
  const metrics = prometheusMetrics({ caches })
  ends.push(() => metrics.close())
  return metrics
}

/** The value of a sample such as `cache_hit_rate`. */
async function sampleOf(metrics: PrometheusMetrics, sample: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find(text => text.startsWith(`${sample} `))
  return line === undefined ? undefined : Number(line.slice(sample.length))
}

/** `cache_operations_total` as `{ 'get hit': 1 }`, without what is 0. */
async function operationsOf(metrics: PrometheusMetrics): Promise<Readonly<Record<string, number>>> {
  await announced()
  const found = (await metrics.text()).matchAll(
    /^cache_operations_total\{operation="(\w+)",result="(\w+)"\} ([1-9]\d*)$/gm,
  )
  return Object.fromEntries([...found].map(([, operation, result, count]) => [`${operation} ${result}`, Number(count)]))
}

/** A load is announced just after its callers have its value. */
function announced(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

async function failing(): Promise<never> {
  throw new Error('the source is away')
}

describe('prometheus metrics of caches', () => {
  test('F1 one call is one operation: getOrSet is a get and, when it stores, a set', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await cache.getOrSet('key', () => 'value')
    expect(await operationsOf(metrics)).toEqual({ 'get miss': 1, 'set success': 1 })
    await cache.getOrSet('key', () => 'value')
    expect(await operationsOf(metrics)).toEqual({ 'get hit': 1, 'get miss': 1, 'set success': 1 })
    await cache.getOrSet('unkept', ({ skipStore }) => {
      skipStore()
      return 'value'
    })
    expect(await operationsOf(metrics)).toEqual({ 'get hit': 1, 'get miss': 2, 'set success': 1 })
  })

  test('F1 getMany counts a get for each key, setMany a set, deleteMany a delete', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await cache.setMany([
      ['a', 1],
      ['b', 2],
    ])
    await cache.getMany(['a', 'b', 'c'])
    await cache.deleteMany(['a', 'b', 'c'])
    const counted = { 'set success': 2, 'get hit': 2, 'get miss': 1, 'delete success': 3 }
    expect(await operationsOf(metrics)).toEqual(counted)
  })

  test('F1 getOrSetMany counts a get for each key and a set for each that it stores', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await cache.set('a', 1)
    await cache.getOrSetMany(['a', 'b', 'c'], missing => missing.map(key => key))
    expect(await operationsOf(metrics)).toEqual({ 'set success': 3, 'get hit': 1, 'get miss': 2 })
  })

  test('F1 a get whose loader fails is an error for each of its callers, neither hit nor miss', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await cache.getOrSet('kept', () => 'value')
    await cache.get('kept')
    const calls = [1, 2, 3].map(() => cache.getOrSet('key', failing))
    for (const call of calls) await expect(call).rejects.toThrow('the source is away')
    expect(await operationsOf(metrics)).toEqual({ 'get hit': 1, 'get miss': 1, 'get error': 3, 'set success': 1 })
    expect(await sampleOf(metrics, 'cache_hit_rate')).toBe(50)
    expect(cache.stats().misses).toBe(1)
  })

  test('F1 a get that ends by its deadline, its signal, or a closed cache is an error, counted once', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    const never = () => new Promise<string>(() => {})
    await expect(cache.getOrSet('deadline', never, { deadline: 5 })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    })
    const leaving = new AbortController()
    const left = cache.getOrSet('signal', never, { signal: leaving.signal })
    leaving.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    const closed = cache.getOrSet('closed', never)
    closed.catch(() => undefined)
    await cache.close()
    await expect(closed).rejects.toMatchObject({ code: 'cache_closed' })
    expect(await operationsOf(metrics)).toEqual({ 'get error': 3 })
  })

  test('F1 a batch whose loader fails counts an error for each missing key, and its hits', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await cache.set('a', 1)
    await expect(cache.getOrSetMany(['a', 'b', 'c'], failing)).rejects.toThrow('the source is away')
    await expect(cache.getOrSetMany(['d'], () => [1, 2])).rejects.toMatchObject({ code: 'invalid_loader' })
    await expect.poll(() => operationsOf(metrics)).toEqual({ 'set success': 1, 'get hit': 1, 'get error': 3 })
  })

  test('F1 what the cache refuses is an error, neither hit nor miss', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await expect(cache.get('')).rejects.toMatchObject({ code: 'invalid_key' })
    await expect(cache.set('key', () => {})).rejects.toMatchObject({ code: 'not_encodable' })
    await cache.close()
    await expect(cache.getOrSet('key', () => 'value')).rejects.toMatchObject({ code: 'cache_closed' })
    expect(await operationsOf(metrics)).toEqual({ 'get error': 2, 'set error': 1 })
    expect(await sampleOf(metrics, 'cache_hit_rate')).toBe(0)
  })

  test('F1 patterns are counted; tags, clear, has and cleanup are none of the four operations', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await cache.has('key')
    await cache.invalidatePattern('user:*')
    await cache.invalidateTags(['tag'])
    await cache.clear()
    await cache.cleanup()
    expect(await operationsOf(metrics)).toEqual({ 'invalidate_pattern success': 1 })
    expect(await sampleOf(metrics, 'reprise_cache_invalidations_total{cache="app",by="tags"}')).toBe(1)
    expect(await sampleOf(metrics, 'reprise_cache_invalidations_total{cache="app",by="clear"}')).toBe(1)
  })

  test('F1 operations and results are there from the start, at 0', async () => {
    const text = await show(cacheOf()).text()
    for (const [operation, results] of Object.entries({
      get: ['hit', 'miss', 'error'],
      set: ['success', 'error'],
      delete: ['success', 'error'],
      invalidate_pattern: ['success', 'error'],
    })) {
      for (const result of results)
        expect(text).toContain(`cache_operations_total{operation="${operation}",result="${result}"} 0\n`)
    }
  })

  test('F2 every operation is timed', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await cache.getOrSet('key', () => 'value')
    await cache.get('key')
    await cache.delete('key')
    await cache.invalidatePattern('*')
    for (const [operation, count] of Object.entries({ get: 2, set: 1, delete: 1, invalidate_pattern: 1 })) {
      const labels = `{operation="${operation}"}`
      expect(await sampleOf(metrics, `cache_operation_duration_seconds_count${labels}`)).toBe(count)
      const everything = `cache_operation_duration_seconds_bucket{le="+Inf",operation="${operation}"}`
      expect(await sampleOf(metrics, everything)).toBe(count)
    }
  })

  test('F3 the hit rate is of hits and misses over all caches', async () => {
    const caches = [cacheOf({ name: 'one' }), cacheOf({ name: 'other' })] as const
    const metrics = show(...caches)
    await caches[0].set('key', 1)
    for (let read = 0; read < 3; read += 1) await caches[0].get('key')
    await caches[1].get('key')
    expect(await sampleOf(metrics, 'cache_hit_rate')).toBe(75)
    expect(await sampleOf(metrics, 'reprise_cache_hits_total{cache="one",tier="memory"}')).toBe(3)
    expect(await sampleOf(metrics, 'reprise_cache_misses_total{cache="other",reason="absent"}')).toBe(1)
  })

  test('F7 what leaves memory is counted by cause', async () => {
    const cache = cacheOf({ memory: { maxEntries: 10 } })
    const metrics = show(cache)
    for (let key = 0; key < 15; key += 1) await cache.set(key, key)
    await cache.delete(14)
    await cache.clear()
    const text = await metrics.text()
    const count = (cause: string) =>
      Number(
        new RegExp(`^reprise_cache_evictions_total\\{cache="app",cause="${cause}"\\} (\\d+)$`, 'm').exec(text)?.[1],
      )
    expect(count('evicted')).toBe(5)
    expect(count('evicted') + count('deleted') + count('cleared')).toBe(15)
  })

  test('F7 warm runs and their entries are counted', async () => {
    const cache = cacheOf()
    const metrics = show(cache)
    await cache.warm([['a', 1], ['b', 2], { key: 'c', loader: failing }])
    expect(await sampleOf(metrics, 'reprise_cache_warm_runs_total{cache="app"}')).toBe(1)
    expect(await sampleOf(metrics, 'reprise_cache_warm_entries_total{cache="app",result="kept"}')).toBe(2)
    expect(await sampleOf(metrics, 'reprise_cache_warm_entries_total{cache="app",result="failed"}')).toBe(1)
  })

  test('loads, stale values and early refreshes have families of their own', async () => {
    let now = 1_000_000
    const clock = { now: () => now, monotonicMs: () => now, sleep: () => new Promise<void>(() => {}) }
    const cache = cacheOf({ ttl: 1_000, grace: 10_000, clock })
    const metrics = show(cache)
    await cache.getOrSet('key', () => 'value')
    await announced()
    now += 2_000
    expect(await cache.getOrSet('key', failing)).toBe('value')
    await vi.waitFor(async () =>
      expect(await sampleOf(metrics, 'reprise_cache_loads_total{cache="app",outcome="failed"}')).toBe(1),
    )
    expect(await sampleOf(metrics, 'reprise_cache_loads_total{cache="app",outcome="loaded"}')).toBe(1)
    expect(await sampleOf(metrics, 'reprise_cache_load_duration_seconds_count{cache="app"}')).toBe(2)
    expect(await sampleOf(metrics, 'reprise_cache_stale_served_total{cache="app",tier="memory"}')).toBe(1)
    expect(await sampleOf(metrics, 'reprise_cache_early_refreshes_total{cache="app"}')).toBe(0)
  })

  test('several caches share one registry, of one name too, and can be taken out again', async () => {
    const registry = new Registry()
    const metrics = prometheusMetrics({ registry })
    const caches = [cacheOf(), cacheOf()] as const
    const endings = caches.map(cache => metrics.watch(cache))
    for (const cache of caches) await cache.set('key', 1)
    expect(await sampleOf(metrics, 'reprise_cache_kept_total{cache="app",tier="memory",outcome="stored"}')).toBe(2)
    expect(await sampleOf(metrics, 'reprise_cache_memory_entries{cache="app"}')).toBe(2)
    endings[0]?.()
    await caches[0].set('key', 2)
    expect(await sampleOf(metrics, 'cache_operations_total{operation="set",result="success"}')).toBe(2)
    metrics.close()
    expect(await sampleOf(metrics, 'reprise_cache_memory_entries{cache="app"}')).toBeUndefined()
  })

  test('no key, tag, value or namespace becomes a label', async () => {
    const cache = cacheOf().namespace('tenant-4711')
    const metrics = show(cache)
    await cache.getOrSet(['user', 'ada@example.com'], () => 'secret value', { tags: ['tag-0815'] })
    await cache.get(['user', 'ada@example.com'])
    const text = await metrics.text()
    for (const word of ['ada@example.com', 'secret value', 'tag-0815', 'tenant-4711']) expect(text).not.toContain(word)
  })

  test('F8 recording a hit costs under a microsecond', () => {
    const listeners = new Map<string, (event: never) => void>()
    const metrics = prometheusMetrics()
    metrics.watch({
      path: 'app',
      on: (name, listener) => {
        listeners.set(name, listener)
        return () => {}
      },
      stats: () => ({ redis: 'none', bus: 'none', queued: 0, memory: undefined }),
    })
    const hit = { operation: 'getOrSet', tier: 'memory', state: 'fresh', durationMs: 0.001 } as never
    const cost = costOf(() => listeners.get('hit')?.(hit))
    console.log(`one hit: ${cost.toFixed(0)} ns`)
    expect(cost).toBeLessThan(1000)
  })
})

describeWith(['redis-server'], 'prometheus metrics of caches before Redis', () => {
  test('the breaker, the bus and waiting invalidations are shown', async () => {
    await using server = await startRedis()
    const cache = cacheOf({ redis: redis({ url: server.url }) })
    const metrics = show(cache)
    const sample = (name: string, labels = 'cache="app"') => sampleOf(metrics, `${name}{${labels}}`)
    const breakerOpen = () => sample('reprise_cache_breaker_open', 'cache="app",tier="redis"')
    await vi.waitUntil(async () => (await sample('reprise_cache_bus_listening')) === 1, { timeout: 10_000 })
    expect(await breakerOpen()).toBe(0)
    await server.kill()
    await cache.delete('key')
    await vi.waitUntil(async () => (await breakerOpen()) === 1, { timeout: 10_000 })
    expect(await sample('reprise_cache_queued_invalidations')).toBeGreaterThan(0)
    await server.restart()
    await vi.waitUntil(async () => (await breakerOpen()) === 0, { timeout: 20_000, interval: 50 })
    await vi.waitUntil(async () => (await sample('reprise_cache_queued_invalidations')) === 0, { timeout: 20_000 })
  })
})
