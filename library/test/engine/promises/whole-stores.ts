import assert from 'node:assert/strict'
import { type Scenario, until } from './scenario.ts'

const users = Array.from({ length: 600 }, (_, index) => ['user', index] as const)
const orders = Array.from({ length: 200 }, (_, index) => ['order', index] as const)

export const wholeStores: readonly Scenario[] = [
  {
    name: '9 cluster-safe: batches, patterns and clear reach the keys of all nodes, and those alone',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const beside = cache.namespace('beside')
      await beside.setMany(users.map(key => [key, 'kept']))
      await cache.setMany([...users, ...orders].map(key => [key, key[1]]))
      const all = await cache.getMany([...users, ...orders], { skipMemory: cache.stats().redis !== 'none' })
      assert.deepEqual(
        all,
        [...users, ...orders].map(([, index]) => index),
      )
      const asked: unknown[] = []
      const loaded = await cache.getOrSetMany([...users.slice(0, 10), ['new', 1] as const], missing => {
        asked.push(...missing)
        return missing.map(() => 'loaded')
      })
      assert.deepEqual([asked, loaded.at(-1)], [[['new', 1]], 'loaded'])
      const half = users.slice(0, 300)
      const { removed, redis } = await cache.deleteMany(half)
      assert.ok(redis !== 'queued' && removed >= half.length, `${removed} removed, ${redis}`)
      const left = await cache.getMany(users, { skipMemory: cache.stats().redis !== 'none' })
      assert.equal(left.filter(value => value === undefined).length, half.length)
      await cache.invalidatePattern('order:*')
      assert.ok((await cache.getMany(orders)).every(value => value === undefined))
      assert.equal(await cache.get(['user', 599]), 599)
      await beside.clear()
      assert.equal((await beside.getMany(users)).filter(value => value !== undefined).length, 0)
      await cache.clear()
      assert.equal((await cache.getMany(users)).filter(value => value !== undefined).length, 0)
    },
  },
  {
    name: '9 cluster-safe: what one process removes of many keys is gone for the others',
    processes: 2,
    play: async world => {
      const [cache, other] = [await world.cache(), await world.cache()]
      await cache.setMany([...users, ...orders].map(key => [key, 'old']))
      await until(async () => (await other.getMany(users)).every(value => value === 'old'), 'the values arrive')
      await cache.deleteMany(users.slice(0, 300))
      await cache.invalidatePattern('user:5*')
      const gone = users.filter(([, index]) => index < 300 || `${index}`.startsWith('5'))
      await until(async () => (await other.getMany(gone)).every(value => value === undefined), 'they are gone')
      assert.equal((await other.getMany(users)).filter(value => value === 'old').length, users.length - gone.length)
      assert.ok((await other.getMany(orders, { skipMemory: true })).every(value => value === 'old'))
    },
  },
]
