import assert from 'node:assert/strict'
import { gate, type Scenario } from './scenario.ts'

const never = () => new Promise<string>(() => {})

export const oneDeadline: readonly Scenario[] = [
  {
    name: '2 one deadline: each caller of a hanging loader gets its own, or the value in time',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const { promise: started, resolve: start } = gate()
      const { promise: mayEnd, resolve: end } = gate()
      const load = async () => {
        start()
        await mayEnd
        return 'value'
      }
      const [hasty, patient] = [cache.getOrSet('k', load, { deadline: '2s' }), cache.getOrSet('k', load)]
      const refused = assert.rejects(hasty, { code: 'deadline_exceeded' })
      await started
      await world.pass(2_100)
      await refused
      end()
      assert.equal(await patient, 'value')
    },
  },
  {
    name: '2 one deadline: a loader past its time fails its callers, and the next call loads anew',
    processes: 1,
    play: async world => {
      const cache = await world.cache({ loaderTimeout: '5s' })
      const { promise: started, resolve: start } = gate()
      const hanging = cache.getOrSet('k', () => {
        start()
        return never()
      })
      const refused = assert.rejects(hanging, { code: 'load_timeout' })
      await started
      await world.pass(5_100)
      await refused
      assert.equal(await cache.getOrSet('k', () => 'next'), 'next')
    },
  },
  {
    name: '2 one deadline: it holds while another process loads',
    processes: 2,
    play: async world => {
      const [cache, other] = [await world.cache(), await world.cache()]
      const { promise: started, resolve: start } = gate()
      const { promise: mayEnd, resolve: end } = gate()
      const loading = cache.getOrSet('k', async () => {
        start()
        await mayEnd
        return 'loaded'
      })
      await started
      const waiting = other.getOrSet('k', never, { deadline: '1s' })
      const refused = assert.rejects(waiting, { code: 'deadline_exceeded' })
      // Its look into the tiers comes first, for which no deadline of a second or more counts.
      await new Promise(resolve => setTimeout(resolve, 100))
      await world.pass(1_100)
      await refused
      end()
      assert.equal(await loading, 'loaded')
    },
  },
]
