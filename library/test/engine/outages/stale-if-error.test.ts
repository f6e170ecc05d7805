import { type Clock, createCache, systemClock } from 'reprise'
import { redis } from 'reprise/redis'
import { describe, expect, test } from 'vitest'
import { startRedis } from '../../../../testbed/servers/redis.ts'

describe.each(['memory', 'redis'] as const)('grace for errors, over %s', tier => {
  async function world() {
    const server = tier === 'redis' ? await startRedis() : undefined
    let ahead = 0
    const clock: Clock = { ...systemClock, now: () => Date.now() + ahead }
    const shared = server === undefined ? {} : { redis: redis({ url: server.url }), memory: false as const }
    const cache = createCache({ name: 'app', ttl: '1m', grace: '1h', graceFor: 'error', clock, ...shared })
    return {
      cache,
      later: (ms: number) => {
        ahead += ms
      },
      [Symbol.asyncDispose]: async () => {
        await cache.close()
        await server?.stop()
      },
    }
  }

  test('a stale entry is not served while a fresh one can be had', async () => {
    await using here = await world()
    await here.cache.getOrSet('k', () => 'old')
    here.later(61_000)
    expect(await here.cache.getOrSet('k', () => 'new')).toBe('new')
    expect(await here.cache.getOrSet('k', () => 'unused')).toBe('new')
  })

  test('it is served when the loader fails, which is asked again later, not at once', async () => {
    await using here = await world()
    await here.cache.getOrSet('k', () => 'old')
    here.later(61_000)
    let tries = 0
    const failing = () => {
      tries += 1
      throw new Error('upstream is down')
    }
    const errors: unknown[] = []
    here.cache.on('load', ({ outcome, error }) => outcome === 'failed' && errors.push(error))
    expect(await here.cache.getOrSet('k', failing)).toBe('old')
    expect([tries, errors.length]).toEqual([1, 1])
    if (tier === 'memory') {
      expect(await here.cache.getOrSet('k', failing)).toBe('old')
      expect(tries).toBe(1)
    }
    here.later(2_000)
    expect(await here.cache.getOrSet('k', () => 'back')).toBe('back')
  })

  test('it is served at the deadline', async () => {
    await using here = await world()
    await here.cache.getOrSet('k', () => 'old')
    here.later(61_000)
    const slow = () => new Promise<string>(resolve => setTimeout(() => resolve('new'), 500))
    expect(await here.cache.getOrSet('k', slow, { deadline: 50 })).toBe('old')
  })

  test('past its grace the error reaches the caller', async () => {
    await using here = await world()
    await here.cache.getOrSet('k', () => 'old')
    here.later(3_661_001)
    await expect(here.cache.getOrSet('k', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
  })

  test('what was invalidated is not served, whatever fails', async () => {
    await using here = await world()
    await here.cache.getOrSet('k', () => 'old', { tags: ['t'] })
    await here.cache.invalidateTags(['t'])
    await expect(here.cache.getOrSet('k', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
  })
})

test('graceFor takes one of its two words', async () => {
  expect(() => createCache({ name: 'app', graceFor: 'never' as 'error' })).toThrow(/graceFor/)
})
