import assert from 'node:assert/strict'
import { counting, everyCache, gate, rest, type Scenario, until } from './scenario.ts'

export const singleFlight: readonly Scenario[] = [
  {
    name: '3 single-flight: 20 callers over freshly made namespaces run the loader once',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const load = counting()
      const values = await Promise.all(Array.from({ length: 20 }, () => cache.namespace('n').getOrSet('k', load)))
      assert.deepEqual(new Set(values), new Set(['v1']))
      assert.equal(load.runs, 1)
    },
  },
  {
    name: '3 single-flight: a failing loader runs once for its 20 waiters, who get its own error; the next caller tries again',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const failure = new TypeError('the database is away')
      let runs = 0
      const load = async () => {
        runs += 1
        await rest()
        throw failure
      }
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => cache.getOrSet('k', load)))
      for (const outcome of outcomes) assert.equal(outcome.status === 'rejected' && outcome.reason, failure)
      assert.equal(runs, 1)
      assert.equal(await cache.getOrSet('k', () => 'back'), 'back')
    },
  },
  {
    name: '3 single-flight: the load is cancelled when its last caller leaves, and not before',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const leaving = [new AbortController(), new AbortController()]
      const { promise: started, resolve: start } = gate<AbortSignal>()
      const load = ({ signal }: { signal: AbortSignal }) => {
        start(signal)
        return new Promise<string>(() => {})
      }
      const calls = leaving.map(({ signal }) => cache.getOrSet('k', load, { signal }))
      const outcomes = Promise.allSettled(calls)
      const signal = await started
      leaving[0]?.abort(new Error('first'))
      await rest()
      assert.equal(signal.aborted, false)
      leaving[1]?.abort(new Error('second'))
      const reasons = (await outcomes).map(outcome => outcome.status === 'rejected' && outcome.reason.message)
      assert.deepEqual(reasons, ['first', 'second'])
      assert.equal(signal.aborted, true)
      assert.equal(await cache.getOrSet('k', () => 'new'), 'new')
    },
  },
  {
    name: '3 single-flight: a signal that is aborted before the call runs no loader',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const load = counting()
      await assert.rejects(cache.getOrSet('k', load, { signal: AbortSignal.abort(new Error('gone')) }), /gone/)
      assert.equal(load.runs, 0)
    },
  },
  {
    name: '3 single-flight: batches load what is missing by one call, and join loads that are under way',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      await cache.set(1, 'one')
      const { promise: started, resolve: start } = gate()
      const { promise: mayEnd, resolve: end } = gate()
      const slow = cache.getOrSet(2, async () => {
        start()
        await mayEnd
        return 'two'
      })
      await started
      const asked: (readonly number[])[] = []
      const batch = cache.getOrSetMany([1, 2, 3, 4, 3], missing => {
        asked.push(missing)
        return missing.map(id => (id === 4 ? undefined : `loaded ${id}`))
      })
      await rest()
      end()
      assert.deepEqual(await batch, ['one', 'two', 'loaded 3', undefined, 'loaded 3'])
      assert.equal(await slow, 'two')
      assert.deepEqual(asked, [[3, 4]])
      assert.deepEqual(await cache.getMany([1, 2, 3, 4]), ['one', 'two', 'loaded 3', undefined])
    },
  },
  {
    name: '3 single-flight: 400 callers in all processes run the loader once, and those that wait are woken',
    processes: 2,
    play: async world => {
      const caches = await everyCache(world)
      const load = counting()
      const slow = async () => {
        const value = await load()
        await new Promise(resolve => setTimeout(resolve, 40))
        return value
      }
      const began = performance.now()
      const values = await Promise.all(
        Array.from({ length: 400 }, (_, index) => caches[index % caches.length]?.getOrSet(['cold', 1], slow)),
      )
      assert.deepEqual(new Set(values), new Set(['v1']))
      assert.equal(load.runs, 1)
      assert.ok(performance.now() - began < 2_500, 'nobody slept until the lease would have ended')
    },
  },
  {
    name: '3 single-flight: with grace the others get the stale value at once while one process loads',
    processes: 2,
    play: async world => {
      const options = { ttl: '1m', grace: '1h' }
      const [cache, other] = [await world.cache(options), await world.cache(options)]
      await cache.set('k', 'old')
      await world.pass(90_000)
      const { promise: mayEnd, resolve: end } = gate()
      let runs = 0
      const load = async () => {
        runs += 1
        await mayEnd
        return 'new'
      }
      assert.equal(await cache.getOrSet('k', load), 'old')
      assert.equal(await other.getOrSet('k', load), 'old')
      await until(() => runs > 0, 'a load')
      await rest()
      end()
      await rest()
      assert.equal(runs, 1)
    },
  },
]
