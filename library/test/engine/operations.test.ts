import assert from 'node:assert/strict'
import { type Cache, createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { it, onTestFinished } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { manualClock } from '../embedded/manual-clock.ts'
import { until } from './promises/scenario.ts'

/** All operations of a cache, one after the other; `removed` counts an entry once a tier. */
async function useAll(cache: Cache, tiers: number, pass: (ms: number) => void): Promise<void> {
  const result = tiers === 1 ? 'none' : 'done'
  assert.deepEqual(await cache.set('a', 1), { redis: result })
  assert.deepEqual(
    await cache.setMany([
      ['user:1', 'one'],
      [['user', 2], 'two'],
      ['other', 'three'],
    ]),
    { redis: result },
  )
  assert.equal(await cache.get('a'), 1)
  assert.deepEqual(await cache.getMany(['user:1', ['user', 2], 'other', 'none']), ['one', 'two', 'three', undefined])
  assert.deepEqual([await cache.has('a'), await cache.has('none')], [true, false])

  assert.deepEqual(await cache.delete('a'), { removed: tiers, redis: result })
  assert.equal(await cache.get('a'), undefined)
  assert.deepEqual(await cache.delete('a'), { removed: 0, redis: result })

  assert.deepEqual(await cache.invalidatePattern('user:*'), { removed: 2 * tiers, redis: result })
  assert.deepEqual(await cache.getMany(['user:1', ['user', 2], 'other']), [undefined, undefined, 'three'])

  assert.equal((await cache.clear()).redis, result)
  assert.equal(await cache.get('other'), undefined)

  await cache.set('short', 1, { ttl: '1s' })
  await cache.set('long', 1, { ttl: '1h' })
  pass(2_000)
  assert.deepEqual(await cache.cleanup(), { removed: 1 })
  assert.deepEqual([await cache.get('short'), await cache.get('long')], [undefined, 1])
}

it('D7 get, set, delete, invalidate by pattern, clear and clean up, in memory alone', async () => {
  const clock = manualClock()
  const cache = createCache({ name: 'app', clock })
  await useAll(cache, 1, clock.advance)
  await cache.close()
})

describeWith(['redis-server'], 'a cache before Redis', () => {
  it('D7 get, set, delete, invalidate by pattern, clear and clean up, in memory and Redis', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const clock = manualClock(Date.now())
    const cache = createCache({ name: 'app', clock, redis: redis({ url: server.url }) })
    onTestFinished(() => cache.close())
    await until(() => cache.stats().bus === 'listening' && cache.stats().redis === 'up', 'Redis is reached')
    await useAll(cache, 2, clock.advance)
  })
})
