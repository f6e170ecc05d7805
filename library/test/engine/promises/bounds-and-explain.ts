import assert from 'node:assert/strict'
import { type Scenario, until } from './scenario.ts'

export const boundsAndExplain: readonly Scenario[] = [
  {
    name: '8 bounds hold: entries, at every moment',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ memory: { maxEntries: 100 } })
      let evicted = 0
      cache.on('evicted', () => {
        evicted += 1
      })
      for (let index = 0; index < 1_000; index += 1) {
        await cache.set(index, index, { tags: [`t${index}`] })
        assert.ok((cache.stats().memory?.size ?? 0) <= 100)
      }
      assert.equal(evicted, 900)
    },
  },
  {
    name: '8 bounds hold: bytes, and the marks of tags that nothing bears any more',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ memory: { maxBytes: '256kb' } })
      for (let index = 0; index < 30_000; index += 1) {
        void cache.set(index, { text: 'x'.repeat(index % 500) }, { tags: [`t${index}`] })
        if (index % 500 === 0) await until(async () => true, 'a turn')
      }
      await cache.set('last', 1)
      const { memory, marks } = cache.stats()
      assert.ok((memory?.bytes ?? 0) <= 256 * 1024)
      assert.ok(marks < 12_000, `${marks} marks`)
    },
  },
  {
    name: '8 bounds hold: cleanup frees what is over',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: '1s' })
      await cache.setMany([
        ['a', 1],
        ['b', 2],
      ])
      await cache.set('c', 3, { ttl: '1h' })
      await world.pass(2_000)
      assert.deepEqual(await cache.cleanup(), { removed: 2 })
      assert.equal(cache.stats().memory?.size, 1)
    },
  },
  {
    name: '11 explain says who would serve a key, how old it is, and why not',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: '1m', grace: '1m' })
      assert.equal((await cache.explain(['user', 7])).servedBy, undefined)
      await cache.set(['user', 7], 1, { tags: ['t'] })
      await world.pass(90_000)
      const stale = await cache.explain(['user', 7])
      assert.equal(stale.servedBy, 'memory')
      assert.equal(stale.readable, 'user:7')
      const [memory] = stale.tiers
      assert.deepEqual(
        [memory?.state, memory?.ageMs, memory?.freshForMs, memory?.servedForMs, memory?.tags],
        ['stale', 90_000, -30_000, 30_000, ['t']],
      )
      await cache.invalidateTags(['t'])
      const gone = await cache.explain(['user', 7])
      assert.equal(gone.tiers[0]?.state, 'invalidated')
      assert.match(gone.summary, /memory: invalidated; .*it would be loaded\.$/)
    },
  },
]
