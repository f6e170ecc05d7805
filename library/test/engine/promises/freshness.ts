import assert from 'node:assert/strict'
import { counting, rest, type Scenario, until } from './scenario.ts'

/** From the making of an entry to the last moment of its 100 s: one in sixty refreshes is drawn into the last second. */
const stepsToTheEnd = [...Array<number>(99).fill(1_000), ...Array<number>(9).fill(100), ...Array<number>(9).fill(10)]

export const freshness: readonly Scenario[] = [
  {
    name: '10 an entry is fresh for its ttl, then stale for its grace, then gone',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: '10m', grace: '5m' })
      const states: string[] = []
      cache.on('hit', ({ state }) => states.push(state))
      await cache.set('k', 1)
      await world.pass(599_000)
      assert.equal(await cache.get('k'), 1)
      await world.pass(2_000)
      assert.equal(await cache.get('k'), 1)
      await world.pass(300_000)
      assert.equal(await cache.get('k'), undefined)
      assert.deepEqual(states, ['fresh', 'stale'])
    },
  },
  {
    name: '10 a stale value is served at once and refreshed behind it',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: '1m', grace: '1h' })
      const load = counting()
      assert.equal(await cache.getOrSet('k', load), 'v1')
      await world.pass(61_000)
      assert.deepEqual(await Promise.all([1, 2, 3].map(() => cache.getOrSet('k', load))), ['v1', 'v1', 'v1'])
      await until(async () => (await cache.getOrSet('k', load)) === 'v2', 'the refresh')
      assert.equal(load.runs, 2)
    },
  },
  {
    name: '10 with grace a failing loader is an event, the stale value the answer; it is not called again at once',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: '1m', grace: '1h' })
      const failures: unknown[] = []
      cache.on('load', ({ outcome, error }) => outcome === 'failed' && failures.push(error))
      await cache.getOrSet('k', () => 'old')
      await world.pass(61_000)
      const failure = new Error('away')
      let runs = 0
      const load = (): string => {
        runs += 1
        throw failure
      }
      for (let call = 0; call < 5; call += 1) {
        assert.equal(await cache.getOrSet('k', load), 'old')
        await until(() => failures.length > 0, 'the event')
      }
      assert.deepEqual([runs, failures], [1, [failure]])
      await world.pass(1_100)
      assert.equal(await cache.getOrSet('k', load), 'old')
      await until(() => failures.length === 2, 'the second try')
    },
  },
  {
    name: '10 an early refresh happens before the end, behind a fresh value',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: '100s', earlyRefresh: true })
      const load = async () => {
        runs += 1
        if (runs === 1) await world.pass(60_000)
        return runs
      }
      let runs = 0
      const reasons: string[] = []
      cache.on('load', ({ reason }) => reasons.push(reason))
      assert.equal(await cache.getOrSet('k', load, { deadline: '10m', loaderTimeout: '10m' }), 1)
      // Drawn at random, but never later than the end, and after half of the ttl with such a slow loader mostly.
      for (const stepMs of stepsToTheEnd) {
        if (runs > 1) break
        await world.pass(stepMs)
        // A refresh of the step before may have ended meanwhile.
        assert.ok([1, runs].includes(await cache.getOrSet('k', load)))
        await rest()
      }
      await until(() => reasons.length === 2, 'the refresh')
      assert.deepEqual(reasons, ['miss', 'early'])
      assert.equal(await cache.getOrSet('k', load), 2)
    },
  },
  {
    name: '10 jitter spreads the ends of entries within its share of the ttl',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: 1_000_000, jitter: 0.2 })
      const left: number[] = []
      for (let index = 0; index < 50; index += 1) {
        await cache.set(index, 1)
        const { tiers } = await cache.explain(index)
        left.push(tiers[0]?.freshForMs ?? 0)
      }
      assert.ok(Math.min(...left) >= 799_000 && Math.max(...left) <= 1_000_000, `${left}`)
      assert.ok(Math.max(...left) - Math.min(...left) > 50_000, `${left}`)
    },
  },
  {
    name: '10 what the loader does not find is remembered for the negative ttl, and null is a value',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ negativeTtl: '10s' })
      const load = counting()
      const absent = async () => {
        await load()
        return undefined
      }
      assert.equal(await cache.getOrSet('none', absent), undefined)
      assert.equal(await cache.getOrSet('none', absent), undefined)
      assert.equal(await cache.has('none'), false)
      assert.equal(load.runs, 1)
      await world.pass(11_000)
      await cache.getOrSet('none', absent)
      assert.equal(load.runs, 2)
      assert.equal(await cache.getOrSet('null', () => null), null)
      assert.equal(await cache.getOrSet('null', () => 'not called'), null)
      assert.equal(await cache.has('null'), true)
      const without = cache.namespace('without', { negativeTtl: 0 })
      await without.getOrSet('none', absent)
      await without.getOrSet('none', absent)
      assert.equal(load.runs, 4)
    },
  },
  {
    name: '10 the loader sets ttl and tags, or keeps its value out',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: '1h' })
      await cache.getOrSet('short', ({ setTtl }) => {
        setTtl('5s')
        return 1
      })
      await cache.getOrSet('tagged', ({ setTags }) => {
        setTags(['t'])
        return 1
      })
      assert.equal(
        await cache.getOrSet('out', ({ skipStore }) => {
          skipStore()
          return 1
        }),
        1,
      )
      assert.deepEqual(await cache.getMany(['short', 'tagged', 'out']), [1, 1, undefined])
      await world.pass(6_000)
      await cache.invalidateTags(['t'])
      assert.deepEqual(await cache.getMany(['short', 'tagged']), [undefined, undefined])
    },
  },
  {
    name: '10 "not modified" keeps the stale value anew, with its tags',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ ttl: '1m', grace: '1h' })
      const first = { etag: 'x' }
      await cache.getOrSet('k', ({ setTags }) => {
        setTags(['t'])
        return first
      })
      await world.pass(61_000)
      const seen: unknown[] = []
      const load = ({ stale, notModified }: { stale: unknown; notModified: () => never }) => {
        seen.push(stale)
        return notModified()
      }
      assert.deepEqual(await cache.getOrSet('k', load), first)
      await until(() => seen.length === 1, 'the refresh')
      await rest()
      await world.pass(30_000)
      assert.deepEqual(await cache.getOrSet('k', load), first)
      assert.deepEqual(seen, [first])
      await cache.invalidateTags(['t'])
      assert.equal(await cache.get('k'), undefined)
      await assert.rejects(
        cache.getOrSet('new', ({ notModified }) => notModified()),
        { code: 'invalid_loader' },
      )
    },
  },
]
