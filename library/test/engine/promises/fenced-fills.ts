import assert from 'node:assert/strict'
import type { Cache, Key } from 'reprise'
import { gate, rest, type Scenario, until } from './scenario.ts'

const key: Key = ['user', 7]

/** Everything that makes a value untrue while it is being loaded. */
const invalidations: Readonly<Record<string, (cache: Cache) => Promise<unknown>>> = {
  delete: cache => cache.delete(key),
  deleteMany: cache => cache.deleteMany(['other', key]),
  'a tag': cache => cache.invalidateTags(['user:7']),
  'a tag that the loader named': cache => cache.invalidateTags(['named']),
  'a pattern': cache => cache.invalidatePattern('user:*'),
  clear: cache => cache.clear(),
  set: cache => cache.set(key, 'set'),
}

/** A load that waits in its loader until the test lets it go on. */
function slowLoad(cache: Cache, value: string) {
  const { promise: started, resolve: start } = gate()
  const { promise: mayEnd, resolve: end } = gate()
  const loaded = cache.getOrSet(
    key,
    async ({ setTags }) => {
      start()
      await mayEnd
      setTags(['named'])
      return value
    },
    { tags: ['user:7'] },
  )
  return { started, end, loaded }
}

const inOneProcess = Object.entries(invalidations).map(
  ([name, invalidate]): Scenario => ({
    name: `1 fenced fills: ${name} during a load – its callers get the value, nobody after them`,
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const slow = slowLoad(cache, 'old')
      await slow.started
      await invalidate(cache)
      slow.end()
      assert.equal(await slow.loaded, 'old')
      const after = name === 'set' ? 'set' : undefined
      assert.equal(await cache.get(key), after)
      assert.equal(await cache.get(key, { skipMemory: true }), cache.stats().redis === 'none' ? undefined : after)
      assert.equal(await cache.getOrSet(key, () => 'new'), after ?? 'new')
    },
  }),
)

const fromElsewhere = Object.entries(invalidations).map(
  ([name, invalidate]): Scenario => ({
    name: `1 fenced fills: ${name} in another process during a load`,
    processes: 2,
    play: async world => {
      const [cache, other] = [await world.cache(), await world.cache()]
      const slow = slowLoad(cache, 'old')
      await slow.started
      await invalidate(other)
      // Until the message is heard here; the store's own fence needs no message.
      const heard = name === 'a tag that the loader named' || name === 'a pattern'
      if (heard) await new Promise(resolve => setTimeout(resolve, 50))
      slow.end()
      assert.equal(await slow.loaded, 'old')
      const after = name === 'set' ? 'set' : undefined
      await until(async () => (await cache.get(key)) === after, 'the old value goes')
      assert.equal(await cache.get(key, { skipMemory: true }), after)
      assert.equal(await other.get(key), after)
    },
  }),
)

export const fencedFills: readonly Scenario[] = [
  ...inOneProcess,
  ...fromElsewhere,
  {
    name: '1 fenced fills: callers after an invalidation start a new load, those before share the old one',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const slow = slowLoad(cache, 'old')
      await slow.started
      const joined = cache.getOrSet(key, () => 'never called')
      await rest()
      await cache.delete(key)
      assert.equal(await cache.getOrSet(key, () => 'new'), 'new')
      slow.end()
      assert.deepEqual(await Promise.all([slow.loaded, joined]), ['old', 'old'])
      assert.equal(await cache.get(key), 'new')
    },
  },
  {
    name: '1 fenced fills: a namespace cleared above fences loads below, and not those beside',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const [inner, beside] = [cache.namespace('a').namespace('b'), cache.namespace('beside')]
      const [slow, free] = [slowLoad(inner, 'old'), slowLoad(beside, 'kept')]
      await Promise.all([slow.started, free.started])
      await cache.namespace('a').clear()
      slow.end()
      free.end()
      assert.deepEqual(await Promise.all([slow.loaded, free.loaded]), ['old', 'kept'])
      assert.equal(await inner.get(key), undefined)
      assert.equal(await beside.get(key), 'kept')
    },
  },
  {
    name: '1 fenced fills: a fill of its own time goes in after an invalidation',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      await cache.delete(key)
      await cache.invalidateTags(['user:7'])
      const slow = slowLoad(cache, 'new')
      slow.end()
      assert.equal(await slow.loaded, 'new')
      assert.equal(await cache.get(key), 'new')
      assert.equal(await cache.get(key, { skipMemory: true }), cache.stats().redis === 'none' ? undefined : 'new')
    },
  },
]
