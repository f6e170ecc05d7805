import { RepriseError } from 'reprise'
import { MemoryCache, type MemoryCacheOptions, type RemovalCause } from 'reprise/memory'
import { afterEach, describe, expect, it, vi } from 'vitest'

type Removal = readonly [key: string, value: unknown, cause: RemovalCause]

function clockAt(start: number) {
  let nowMs = start
  let asked = 0
  return {
    now: () => {
      asked += 1
      return nowMs
    },
    advance: (byMs: number) => {
      nowMs += byMs
    },
    get asked() {
      return asked
    },
  }
}

function told(options: MemoryCacheOptions<string, unknown>) {
  const removals: Removal[] = []
  const onRemove = (key: string, value: unknown, cause: RemovalCause) => removals.push([key, value, cause])
  return { cache: new MemoryCache<string, unknown>({ ...options, onRemove }), removals }
}

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

describe('onRemove', () => {
  it('is told each cause', () => {
    const { cache, removals } = told({ maxEntries: 2, policy: 'lru' })
    cache.set('a', 1)
    cache.set('a', 2)
    cache.set('b', 3)
    cache.set('c', 4)
    cache.delete('b')
    cache.clear()
    expect(removals).toEqual([
      ['a', 1, 'replaced'],
      ['a', 2, 'evicted'],
      ['b', 3, 'deleted'],
      ['c', 4, 'cleared'],
    ])
    expect(cache.stats().removals).toEqual({ evicted: 1, expired: 0, deleted: 1, replaced: 1, cleared: 1 })
  })

  it('is not told that a value was replaced by itself', () => {
    const { cache, removals } = told({ maxEntries: 2 })
    const handle = {}
    cache.set('a', handle)
    cache.set('a', handle)
    expect(removals).toEqual([])
  })

  it('may throw', () => {
    const cache = new MemoryCache<number, number>({
      maxEntries: 2,
      onRemove: () => {
        throw new Error('mine')
      },
    })
    for (let key = 0; key < 5; key += 1) expect(cache.set(key, key)).toBe(true)
    expect(cache.delete(4)).toBe(true)
    expect([cache.size, cache.stats().failedCallbacks]).toEqual([1, 4])
  })

  it('sees the change complete, and may use the cache', () => {
    const seen: unknown[] = []
    const cache: MemoryCache<string, number> = new MemoryCache({
      maxEntries: 2,
      policy: 'lru',
      onRemove: (key, value, cause) => {
        seen.push([key, cause, cache.size, cache.get('c')])
        if (cause === 'evicted') cache.delete('b')
        if (cause === 'deleted') cache.set('again', value)
      },
    })
    cache.set('a', 1)
    cache.set('b', 2)
    cache.set('c', 3)
    expect(seen).toEqual([
      ['a', 'evicted', 2, 3],
      ['b', 'deleted', 1, 3],
    ])
    expect([...cache]).toEqual([
      ['c', 3],
      ['again', 2],
    ])
  })

  it('may clear the cache that is being cleared', () => {
    const { cache, removals } = told({ maxEntries: 10 })
    const clearing: MemoryCache<string, number> = new MemoryCache({ maxEntries: 10, onRemove: () => clearing.clear() })
    for (const key of 'abc') {
      clearing.set(key, 1)
      cache.set(key, 1)
    }
    clearing.clear()
    cache.clear()
    expect([clearing.size, clearing.stats().removals.cleared, removals.length]).toEqual([0, 3, 3])
  })

  it('comes to an end when it sets what evicts, again and again', () => {
    let calls = 0
    const cache: MemoryCache<string, number> = new MemoryCache({
      maxEntries: 2,
      onRemove: (key, value) => {
        calls += 1
        cache.set(`${key}'`, value)
      },
    })
    for (const key of 'abcdef') cache.set(key, 1)
    expect(cache.size).toBe(2)
    expect(calls).toBeLessThan(1_000)
    expect(cache.stats().failedCallbacks).toBeGreaterThan(0)
    expect(cache.stats().removals.evicted).toBe(calls)
  })
})

describe('bad input', () => {
  const faults: readonly (readonly [options: unknown, field: string])[] = [
    [undefined, 'options'],
    [null, 'options'],
    ['10mb', 'options'],
    [{}, 'maxEntries'],
    [{ maxEntries: 5, maxBytes: 5 }, 'maxEntries'],
    ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 2 ** 24 + 1].map(
      maxEntries => [{ maxEntries }, 'maxEntries'] as const,
    ),
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'many', null, {}].map(
      maxBytes => [{ maxBytes }, 'maxBytes'] as const,
    ),
    [{ maxEntries: 5, max: 5 }, 'max'],
    [{ maxEntries: 5, policy: 'LRU' }, 'policy'],
    [{ maxEntries: 5, policy: null }, 'policy'],
    ...[-1, Number.NaN, Number.POSITIVE_INFINITY, '', '10', '10 parsecs', '-5m', null, {}].map(
      ttl => [{ maxEntries: 5, ttl }, 'ttl'] as const,
    ),
    [{ maxEntries: 5, clock: Date.now }, 'clock'],
    [{ maxEntries: 5, clock: {} }, 'clock'],
    [{ maxEntries: 5, onRemove: 'log' }, 'onRemove'],
    [{ maxBytes: 5, sizeOf: 5 }, 'sizeOf'],
    [{ maxEntries: 5, sizeOf: () => 1 }, 'sizeOf'],
  ]
  for (const [options, field] of faults) {
    it(`names ${field} in ${shown(options)}`, () => {
      // Wrong on purpose.
      expectFault(() => new MemoryCache(options as MemoryCacheOptions<string, string>), field)
    })
  }

  it('is refused by set, which then changes nothing', () => {
    const cache = new MemoryCache<string, number>({ maxBytes: 100, sizeOf: value => value })
    cache.set('a', 1)
    for (const bytes of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expectFault(() => cache.set('a', 2, { bytes }), 'bytes')
    for (const value of [0, -1, 1.5, Number.NaN]) expectFault(() => cache.set('a', value), 'sizeOf')
    expectFault(() => cache.set('a', 2, { ttl: 'soon' }), 'ttl')
    // Wrong on purpose.
    expectFault(() => cache.set('a', 2, { tll: 5 } as object), 'tll')
    expect([cache.get('a'), cache.bytes]).toEqual([1, 1])
    expectFault(() => new MemoryCache<string, number>({ maxEntries: 5 }).set('a', 1, { bytes: 1 }), 'bytes')
  })

  it('lets what sizeOf throws reach the caller', () => {
    const mine = new Error('mine')
    const cache = new MemoryCache<string, number>({
      maxBytes: 10,
      sizeOf: () => {
        throw mine
      },
    })
    expect(() => cache.set('a', 1)).toThrow(mine)
    expect(cache.size).toBe(0)
  })
})

function expectFault(act: () => unknown, field: string): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof RepriseError)) throw error
    expect([error.code, error.field]).toEqual(['invalid_option', field])
    expect(error.message).toContain(field)
    return
  }
  expect.unreachable(`nothing was thrown for ${field}`)
}

function shown(options: unknown): string {
  return typeof options === 'object' && options !== null
    ? Object.entries(options)
        .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
        .join(', ')
    : String(options)
}
