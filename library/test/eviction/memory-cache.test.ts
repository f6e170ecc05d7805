import { MemoryCache } from 'reprise/memory'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clockAt, told } from './told-cache.ts'

describe('a memory cache', () => {
  it('runs the example of its documentation', () => {
    const cache = new MemoryCache<string, { name: string }>({ maxEntries: 10_000, ttl: '10m' })
    cache.set('user:7', { name: 'Ada' })
    expect(cache.get('user:7')?.name).toBe('Ada')
    expect(cache.get('user:8')).toBeUndefined()
  })

  it('shares references', () => {
    const cache = new MemoryCache<string, { name: string }>({ maxEntries: 1 })
    const user = { name: 'Ada' }
    cache.set('user', user)
    expect(cache.get('user')).toBe(user)
  })

  it('takes every kind of key, and undefined and null as values', () => {
    const cache = new MemoryCache<unknown, unknown>({ maxEntries: 6 })
    const keys = ['', 0, -0.5, Number.NaN, 7n, true, null, undefined, Symbol('key'), {}, [], () => 1]
    for (const key of [...keys, ...keys]) {
      cache.set(key, key)
      expect(cache.has(key)).toBe(true)
      expect(cache.get(key)).toBe(key)
      expect(cache.size).toBeLessThanOrEqual(6)
    }
  })

  it('keeps one entry of a key that was missed and then set twice, also when sizeOf sets it first', () => {
    let isNested = false
    const cache: MemoryCache<string, number> = new MemoryCache({
      maxBytes: 10,
      sizeOf: (_, key) => {
        if (key === 'b' && !isNested) {
          isNested = true
          cache.set('b', 1)
        }
        return 1
      },
    })
    for (const key of ['a', 'b']) {
      expect(cache.get(key)).toBeUndefined()
      cache.set(key, 1)
      cache.set(key, 2)
    }
    expect([...cache.entries()]).toEqual([
      ['a', 2],
      ['b', 2],
    ])
    expect(cache.bytes).toBe(2)
    expect(cache.stats().removals.replaced).toBe(2)
  })

  it('keeps no more than maxEntries, also one', () => {
    for (const maxEntries of [1, 2, 3, 10, 100]) {
      for (const policy of ['lru', 'adaptive'] as const) {
        const cache = new MemoryCache<number, number>({ maxEntries, policy })
        for (let key = 0; key < 1_000; key += 1) {
          cache.set(key, key)
          expect(cache.get(key)).toBe(key)
          expect(cache.size).toBe(Math.min(key + 1, maxEntries))
        }
      }
    }
  })

  it('goes through its entries in the order of their keys, without those that have ended', () => {
    const clock = clockAt(0)
    const cache = new MemoryCache<string, number>({ maxEntries: 10, clock })
    cache.set('a', 1)
    cache.set('b', 2, { ttl: 5 })
    cache.set('c', 3)
    cache.set('a', 4)
    clock.advance(5)
    expect([...cache]).toEqual([
      ['a', 4],
      ['c', 3],
    ])
    expect([...cache.entries()]).toEqual([...cache])
    expect([...cache.keys()]).toEqual(['a', 'c'])
    expect([...cache.values()]).toEqual([4, 3])
    const visited: unknown[] = []
    cache.forEach((value, key, itself) => {
      visited.push(key, value, itself === cache)
    })
    expect(visited).toEqual(['a', 4, true, 'c', 3, true])
  })

  it('may be changed while it is gone through', () => {
    const cache = new MemoryCache<number, number>({ maxEntries: 100 })
    for (let key = 0; key < 50; key += 1) cache.set(key, key)
    for (const key of cache.keys()) {
      cache.delete(key)
      cache.delete(key + 1)
      if (key < 40) cache.set(key + 1_000, 1)
    }
    expect(cache.size).toBe(0)
  })

  it('counts hits and misses of get alone', () => {
    const cache = new MemoryCache<string, number>({ maxEntries: 2 })
    cache.set('a', 1)
    cache.get('a')
    cache.get('b')
    cache.peek('a')
    cache.has('b')
    expect(cache.stats()).toEqual({
      size: 1,
      bytes: 0,
      hits: 1,
      misses: 1,
      refused: 0,
      removals: { evicted: 0, expired: 0, deleted: 0, replaced: 0, cleared: 0 },
      failedCallbacks: 0,
    })
  })

  it('works on after clear, with all its memory given back', () => {
    const { cache, removals } = told({ maxBytes: 1_000, sizeOf: () => 10, ttl: 1_000 })
    for (let round = 0; round < 3; round += 1) {
      for (let key = 0; key < 300; key += 1) cache.set(`${key}`, key)
      expect([cache.size, cache.bytes]).toEqual([100, 1_000])
      cache.clear()
      expect([cache.size, cache.bytes, [...cache]]).toEqual([0, 0, []])
    }
    expect(removals.filter(([, , cause]) => cause === 'cleared').length).toBe(300)
    expect(cache.stats().removals).toMatchObject({ cleared: 300, evicted: 600 })
  })
})

describe('time to live', () => {
  it('ends an entry at its time and not before', () => {
    const clock = clockAt(1_000)
    const { cache, removals } = told({ maxEntries: 10, ttl: '1s', clock })
    cache.set('a', 1)
    cache.set('b', 2, { ttl: '1m' })
    clock.advance(999)
    expect([cache.get('a'), cache.has('a'), cache.peek('a'), cache.getRemainingTtl('a')]).toEqual([1, true, 1, 1])
    clock.advance(1)
    expect([cache.peek('a'), cache.has('a'), cache.getRemainingTtl('a')]).toEqual([undefined, false, 0])
    expect([cache.size, removals]).toEqual([2, []])
    expect(cache.get('a')).toBeUndefined()
    expect([cache.size, removals]).toEqual([1, [['a', 1, 'expired']]])
    expect(cache.getRemainingTtl('b')).toBe(59_000)
    expect(cache.getRemainingTtl('nobody')).toBe(0)
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 1 })
  })

  it('begins anew with each set', () => {
    const clock = clockAt(0)
    const cache = new MemoryCache<string, number>({ maxEntries: 10, clock })
    cache.set('a', 1, { ttl: 10 })
    cache.set('a', 1)
    expect(cache.getRemainingTtl('a')).toBe(Number.POSITIVE_INFINITY)
    clock.advance(1e9)
    expect(cache.get('a')).toBe(1)
  })

  it('says of an entry that had ended that it expired, however it is met', () => {
    const clock = clockAt(0)
    const { cache, removals } = told({ maxEntries: 2, policy: 'lru', ttl: 10, clock })
    cache.set('a', 1)
    cache.set('b', 2)
    clock.advance(10)
    expect(cache.delete('a')).toBe(false)
    cache.set('b', 3)
    cache.set('c', 4)
    clock.advance(10)
    cache.set('d', 5)
    cache.set('e', 6)
    expect(removals.map(([, value, cause]) => [value, cause])).toEqual([
      [1, 'expired'],
      [2, 'expired'],
      [expect.any(Number), 'expired'],
      [expect.any(Number), 'expired'],
    ])
  })

  it('purges what has ended, and says how many', () => {
    const clock = clockAt(0)
    const { cache, removals } = told({ maxEntries: 1_000, clock })
    for (let key = 0; key < 900; key += 1) cache.set(`${key}`, key, key % 3 === 0 ? {} : { ttl: key + 1 })
    clock.advance(450)
    expect(cache.purgeExpired()).toBe(300)
    expect([cache.size, removals.length, cache.purgeExpired()]).toEqual([600, 300, 0])
  })

  it('asks for the time only for entries that end', () => {
    const clock = clockAt(0)
    const cache = new MemoryCache<string, number>({ maxEntries: 10, clock })
    cache.set('a', 1)
    cache.get('a')
    cache.set('b', 1, { ttl: 5 })
    const asked = clock.asked
    cache.get('a')
    cache.get('nobody')
    expect(clock.asked).toBe(asked)
  })

  describe('by the clock of the system', () => {
    afterEach(() => {
      vi.useRealTimers()
    })

    it('ends an entry after its time', () => {
      vi.useFakeTimers()
      const cache = new MemoryCache<string, number>({ maxEntries: 10, ttl: '10m' })
      cache.set('a', 1)
      vi.advanceTimersByTime(599_990)
      expect(cache.get('a')).toBe(1)
      vi.advanceTimersByTime(20)
      expect(cache.get('a')).toBeUndefined()
    })

    it('is seen to go on within one turn of the event loop', () => {
      const cache = new MemoryCache<string, number>({ maxEntries: 10 })
      cache.set('a', 1, { ttl: 20 })
      const giveUpAt = Date.now() + 5_000
      while (cache.get('a') !== undefined && Date.now() < giveUpAt);
      expect(Date.now()).toBeLessThan(giveUpAt)
    })
  })
})

describe('a bound in bytes', () => {
  it('holds, by what sizeOf says', () => {
    const { cache, removals } = told({ maxBytes: '1kb', sizeOf: value => String(value).length })
    for (let key = 0; key < 200; key += 1) {
      cache.set(`${key}`, 'x'.repeat(1 + (key % 100)))
      expect(cache.bytes).toBeLessThanOrEqual(1_024)
    }
    expect(cache.bytes).toBe([...cache.values()].reduce<number>((sum, value) => sum + String(value).length, 0))
    expect(cache.size + removals.length).toBe(200)
  })

  it('counts what set says before what sizeOf says, and hands sizeOf value and key', () => {
    const sizeOf = vi.fn(() => 10)
    const cache = new MemoryCache<string, string>({ maxBytes: 100, sizeOf })
    cache.set('a', 'x')
    cache.set('b', 'x', { bytes: 33 })
    expect([cache.bytes, sizeOf.mock.calls]).toEqual([43, [['x', 'a']]])
  })

  it('refuses a value that is too large alone, and removes an older one under its key', () => {
    const { cache, removals } = told({ maxBytes: 100 })
    cache.set('a', 'old', { bytes: 10 })
    expect(cache.set('a', 'new', { bytes: 101 })).toBe(false)
    expect([cache.has('a'), cache.bytes, cache.stats().refused]).toEqual([false, 0, 1])
    expect(removals).toEqual([['a', 'old', 'replaced']])
    expect(cache.set('a', 'new', { bytes: 100 })).toBe(true)
  })

  it('never evicts the entry that grows', () => {
    for (const policy of ['lru', 'adaptive'] as const) {
      const { cache, removals } = told({ maxBytes: 100, policy })
      for (const key of 'abcdefghij') cache.set(key, 1, { bytes: 10 })
      for (const bytes of [20, 50, 99, 100]) {
        expect(cache.set('a', bytes, { bytes })).toBe(true)
        expect(cache.get('a')).toBe(bytes)
        expect(cache.bytes).toBeLessThanOrEqual(100)
      }
      expect(cache.size).toBe(1)
      expect(removals.filter(([key]) => key === 'a').map(([, , cause]) => cause)).not.toContain('evicted')
      cache.set('a', 1, { bytes: 5 })
      expect(cache.bytes).toBe(5)
    }
  })

  it('estimates by default, near what the heap takes', () => {
    const weigh = (value: unknown) => {
      const cache = new MemoryCache<string, unknown>({ maxBytes: '100mb' })
      cache.set('k', value)
      return cache.bytes
    }
    const nothing = weigh(undefined)
    expect(nothing).toBeGreaterThan(50)
    expect(nothing).toBeLessThan(200)
    expect(weigh('x'.repeat(10_000)) - nothing).toBeCloseTo(10_000, -2)
    expect(weigh('ж'.repeat(10_000)) - nothing).toBeCloseTo(20_000, -2)
    expect(weigh(new Uint8Array(50_000)) - nothing).toBeGreaterThan(50_000)
    expect(weigh(new ArrayBuffer(50_000)) - nothing).toBeGreaterThan(50_000)
    expect(weigh(10n ** 1_000n) - nothing).toBeGreaterThan(400)
    const shared = { text: 'x'.repeat(1_000) }
    expect(weigh([shared, shared, shared])).toBeLessThan(nothing + 1_500)
    const circle: { itself?: unknown } = {}
    circle.itself = circle
    expect(weigh(circle)).toBeLessThan(nothing + 100)
    expect(weigh(new Map([['a', new Set(['x'.repeat(500)])]])) - nothing).toBeGreaterThan(500)
    const many = Array.from({ length: 100_000 }, () => ({ text: 'x'.repeat(84) }))
    expect((weigh(many) - nothing) / 100_000).toBeGreaterThan(100)
    expect((weigh(many) - nothing) / 100_000).toBeLessThan(200)
    const trap = Object.defineProperty({}, 'trap', { enumerable: true, get: () => expect.unreachable() })
    expect(weigh(trap)).toBeGreaterThan(nothing)
  })
})
