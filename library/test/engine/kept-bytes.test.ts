import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { it, onTestFinished } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { until } from './promises/scenario.ts'

/** Bytes in buffers that somebody still holds. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}

describeWith(['redis-server'], '8 bounds hold: bytes that came from Redis', () => {
  it('8 a small entry in memory does not hold the large read that it came in', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const cacheOf = () => {
      const cache = createCache({ name: 'app', redis: redis({ url: server.url }), memory: { maxEntries: 10_000 } })
      onTestFinished(() => cache.close())
      return cache
    }
    const [writer, reader] = [cacheOf(), cacheOf()]
    await until(() => reader.stats().bus === 'listening' && reader.stats().redis === 'up', 'Redis is reached')
    const ids = Array.from({ length: 400 }, (_, index) => index)
    for (const id of ids) {
      await writer.set(['map', id], new Map([['id', id]]))
      // What was read beside it is gone at once; random, so that it is not compressed.
      await writer.set(['beside', id], randomBytes(45_000).toString('base64'), { skipMemory: true })
    }
    const before = heldBytes()
    for (const id of ids) {
      const [map] = await Promise.all([reader.get(['map', id]), reader.get(['beside', id], { skipMemory: true })])
      assert.deepEqual(map, new Map([['id', id]]))
    }
    assert.ok((reader.stats().memory?.size ?? 0) >= ids.length)
    const perEntry = (heldBytes() - before) / ids.length
    assert.ok(perEntry < 2_000, `${Math.round(perEntry)} bytes an entry`)
  })
})
