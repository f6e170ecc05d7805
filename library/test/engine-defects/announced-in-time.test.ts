import { createCache } from 'reprise'
import { expect, test } from 'vitest'

test('what a call did is counted and announced when it resolves', async () => {
  const cache = createCache({ name: 'app' })
  const events: string[] = []
  for (const name of ['miss', 'load', 'set', 'hit'] as const) cache.on(name, () => events.push(name))
  await cache.getOrSet('key', () => 'value')
  expect(cache.stats()).toMatchObject({ misses: 1, loads: 1, sets: 1 })
  expect(events).toEqual(['load', 'set', 'miss'])
  await cache.close()
})

test('a stale value that is read just after its load ended is refreshed', async () => {
  let now = 1_000_000
  const clock = { now: () => now, monotonicMs: () => now, sleep: () => new Promise<void>(() => {}) }
  const cache = createCache({ name: 'app', ttl: 1_000, grace: 10_000, clock })
  let runs = 0
  const loader = () => {
    runs += 1
    return runs
  }
  await cache.getOrSet('key', loader)
  now += 2_000
  expect(await cache.getOrSet('key', loader)).toBe(1)
  await new Promise(resolve => setImmediate(resolve))
  expect(runs).toBe(2)
  await cache.close()
})
