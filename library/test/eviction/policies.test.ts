import { AdaptivePolicy, LruPolicy, MemoryCache } from 'reprise/memory'
import { evictionPolicySuite } from 'reprise/testing'
import { describe, expect, it } from 'vitest'

describe('the adaptive policy', () => {
  for (const { name, run } of evictionPolicySuite(scene => new AdaptivePolicy(scene))) it(name, run)
})

describe('the lru policy', () => {
  for (const { name, run } of evictionPolicySuite(scene => new LruPolicy(scene))) it(name, run)

  it('gives up the least recently used entry', () => {
    const cache = new MemoryCache<string, number>({ maxEntries: 3, policy: 'lru' })
    for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index)
    cache.get('a')
    cache.set('b', 7)
    cache.set('d', 3)
    expect([...cache.keys()]).toEqual(['a', 'b', 'd'])
    cache.peek('a')
    cache.has('a')
    cache.set('e', 4)
    expect([...cache.keys()], 'peek and has are no use').toEqual(['b', 'd', 'e'])
  })
})

describe('what the adaptive policy is good at', () => {
  const size = 500

  it('keeps a part of a loop that is larger than the cache', () => {
    const loop = Array.from({ length: 60_000 }, (_, index) => index % 1_000)
    expect(hitRatio('lru', size, loop)).toBe(0)
    expect(hitRatio('adaptive', size, loop)).toBeGreaterThan(0.35)
  })

  it('does not lose what is used often to a scan', () => {
    const random = numbers(1)
    const requests = Array.from({ length: 20 }, (_, turn) => [
      ...Array.from({ length: 5_000 }, () => Math.floor(random() ** 3 * 2_000)),
      ...Array.from({ length: 1_000 }, (_, index) => 1e6 + turn * 1_000 + index),
    ]).flat()
    expect(hitRatio('adaptive', size, requests)).toBeGreaterThan(hitRatio('lru', size, requests) + 0.02)
  })

  it('follows recent use where that is what counts', () => {
    const random = numbers(2)
    const drifting = Array.from({ length: 100_000 }, (_, index) => Math.floor(index / 10 + random() * 800))
    expect(hitRatio('adaptive', size, drifting)).toBeGreaterThan(hitRatio('lru', size, drifting) - 0.03)
  })

  it('learns another habit when the old one ends', () => {
    const random = numbers(3)
    const frequent = Array.from({ length: 50_000 }, () => Math.floor(random() ** 3 * 5_000))
    const drifting = Array.from({ length: 50_000 }, (_, index) => 1e6 + Math.floor(index / 10 + random() * 450))
    for (const requests of [
      [...frequent, ...drifting],
      [...drifting, ...frequent],
    ])
      expect(hitRatio('adaptive', size, requests)).toBeGreaterThan(hitRatio('lru', size, requests) - 0.01)
  })
})

function hitRatio(policy: 'adaptive' | 'lru', maxEntries: number, requests: readonly number[]): number {
  const cache = new MemoryCache<string, number>({ maxEntries, policy })
  for (const key of requests) if (cache.get(`key:${key}`) === undefined) cache.set(`key:${key}`, key)
  return cache.stats().hits / requests.length
}

/** The same numbers from 0 to 1 at every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
