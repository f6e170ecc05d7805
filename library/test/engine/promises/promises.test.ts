import { type Cache, type CacheOptions, createCache, type SharedTier } from 'reprise'
import { inProcessTier } from 'reprise/memory-copies'
import { describe, it } from 'vitest'
import { manualClock } from '../../embedded/manual-clock.ts'
import { allPromises } from './all.ts'
import { rest, until, type World } from './scenario.ts'

type MakeTier = (clock: ReturnType<typeof manualClock>) => SharedTier | undefined

function world(processes: number, makeTier: MakeTier): World {
  const clock = manualClock()
  const redis = makeTier(clock)
  const caches: Cache[] = []
  return {
    processes,
    cache: async (options: Partial<CacheOptions> = {}) => {
      const cache = createCache({ name: 'app', clock, redis, ...options })
      caches.push(cache)
      await until(() => cache.stats().bus !== 'deaf', 'the bus listens')
      return cache
    },
    pass: async ms => {
      clock.advance(ms)
      await rest()
    },
    close: async () => {
      for (const cache of caches) await cache.close()
    },
  }
}

describe.each([
  { name: 'memory alone', processes: 1, makeTier: () => undefined },
  {
    name: 'a tier shared within one process',
    processes: 2,
    makeTier: (clock: ReturnType<typeof manualClock>) => inProcessTier({ clock }),
  },
])('$name', ({ processes, makeTier }) => {
  for (const scenario of allPromises) {
    if (scenario.processes > processes) continue
    it(scenario.name, async () => {
      const around = world(processes, makeTier)
      try {
        await scenario.play(around)
      } finally {
        await around.close()
      }
    })
  }
})
