import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { expect, test, vi } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'

describeWith(['redis-server'], 'closing a cache', () => {
  test('does not wait for a Redis that is stalled', async () => {
    await using server = await startRedis()
    const cache = createCache({ name: 'app', redis: redis({ url: server.url }) })
    await vi.waitUntil(() => cache.stats().bus === 'listening', { timeout: 10_000 })
    server.pause()
    await cache.get('key')
    const closed = await Promise.race([cache.close().then(() => 'closed'), sleep(3_000, 'hangs')])
    server.resume()
    expect(closed).toBe('closed')
  })
})
