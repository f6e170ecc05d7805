import { createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { expect, test } from 'vitest'
import { startRedis } from '../../../testbed/servers/redis.ts'

test('finds keys of memory by their readable text, those of namespaces too, and explains them', async () => {
  const cache = createCache({ name: 'app', memory: { maxEntries: 100 } })
  const rag = cache.namespace('rag')
  await cache.set(['user', 7], 'seven', { tags: ['seven'] })
  await cache.set(['user', '7'], 'text')
  await rag.set('user:8', 'eight')

  const found = await cache.keys({ pattern: 'user:*' })
  expect(found.map(({ readable, namespace }) => [namespace, readable]).sort()).toEqual([
    ['app', 'user:7'],
    ['app', 'user:7'],
    ['app/rag', 'user:8'],
  ])
  expect(new Set(found.map(({ key }) => key)).size).toBe(3)
  expect(await rag.keys()).toHaveLength(1)
  expect(await cache.keys({ limit: 2 })).toHaveLength(2)
  const explanations = await Promise.all(found.map(each => each.explain()))
  expect(explanations.map(({ servedBy }) => servedBy)).toEqual(['memory', 'memory', 'memory'])
  await cache.close()
})

test('finds what only Redis holds, and no fences', async () => {
  await using server = await startRedis()
  const writer = createCache({ name: 'app', redis: redis({ url: server.url }) })
  await writer.setMany([
    ['a', 1],
    ['b', 2],
  ])
  await writer.delete('a')
  const reader = createCache({ name: 'app', redis: redis({ url: server.url }) })
  // A cache that was just made may not be connected yet.
  await expect.poll(async () => (await reader.keys()).map(({ readable }) => readable)).toEqual(['b'])
  const [found] = await reader.keys()
  await expect.poll(async () => (await found?.explain())?.servedBy).toBe('redis')
  await Promise.all([writer.close(), reader.close()])
})

test('refuses a limit that is none', async () => {
  const cache = createCache({ name: 'app' })
  await expect(cache.keys({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_option', field: 'limit' })
  await cache.close()
})
