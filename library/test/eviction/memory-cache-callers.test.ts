import { RepriseError } from 'reprise'
import { MemoryCache, type MemoryCacheOptions } from 'reprise/memory'
import { describe, expect, it } from 'vitest'
import { told } from './told-cache.ts'

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
