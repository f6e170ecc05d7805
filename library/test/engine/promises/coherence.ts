import assert from 'node:assert/strict'
import { everyCache, type Scenario, until } from './scenario.ts'

export const coherence: readonly Scenario[] = [
  {
    name: '4 tags: what bears one of them goes, everywhere, and nothing else',
    processes: 2,
    play: async world => {
      const [cache, other] = [await world.cache(), await world.cache()]
      await cache.set('a', 1, { tags: ['x', 'y'] })
      await cache.set('b', 2, { tags: ['y'] })
      await cache.set('c', 3)
      assert.deepEqual(await other.getMany(['a', 'b', 'c']), [1, 2, 3])
      await other.invalidateTags(['x'])
      assert.deepEqual(await other.getMany(['a', 'b', 'c']), [undefined, 2, 3])
      await until(async () => (await cache.get('a')) === undefined, 'the other process hears of it')
      assert.deepEqual(await cache.getMany(['b', 'c']), [2, 3])
      assert.equal(await cache.get('a', { skipMemory: true }), undefined)
    },
  },
  {
    name: '4 tags: those of a namespace are its own, and invalidated from above',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const [one, two] = [cache.namespace('one'), cache.namespace('two')]
      for (const space of [cache, one, two]) await space.set('k', 1, { tags: ['t'] })
      await one.invalidateTags(['t'])
      assert.deepEqual(await Promise.all([cache, one, two].map(space => space.has('k'))), [true, false, true])
      await cache.invalidateTags(['t'])
      assert.deepEqual(await Promise.all([cache, one, two].map(space => space.has('k'))), [false, false, false])
    },
  },
  {
    name: '5 coherent memory: each kind of invalidation reaches the memory of other processes',
    processes: 2,
    play: async world => {
      const caches = await everyCache(world)
      const [cache, ...others] = caches
      assert.ok(cache !== undefined)
      const ways = [
        () => cache.delete('k'),
        () => cache.deleteMany(['k']),
        () => cache.invalidateTags(['t']),
        () => cache.invalidatePattern('k*'),
        () => cache.clear(),
        () => cache.set('k', 'newer', { tags: ['t'] }),
        () => cache.setMany([['k', 'newer']], { tags: ['t'] }),
      ]
      for (const [round, way] of ways.entries()) {
        await cache.set('k', round, { tags: ['t'] })
        for (const other of others) await until(async () => (await other.get('k')) === round, 'the value arrives')
        const result = await way()
        assert.equal(result.redis, 'done')
        for (const other of others) await until(async () => (await other.get('k')) !== round, `way ${round} is heard`)
      }
    },
  },
  {
    name: '5 coherent memory: 2,000 invalidations, none missed',
    processes: 2,
    play: async world => {
      const [cache, ...others] = await everyCache(world)
      const keys = Array.from({ length: 2_000 }, (_, index) => index)
      await cache?.setMany(keys.map(key => [key, 'old']))
      for (const other of others) {
        await until(async () => (await other.getMany(keys)).every(value => value === 'old'), 'the values arrive')
      }
      await Promise.all(keys.map(key => cache?.delete(key)))
      for (const other of others) {
        await until(async () => (await other.getMany(keys)).every(value => value === undefined), 'all are gone')
      }
    },
  },
]
