import { createCache } from 'reprise'
import { inProcessTier } from 'reprise/memory-copies'
import { expect, it } from 'vitest'
import { gate } from './promises/scenario.ts'

it.each([
  ['in memory', 1],
  ['in another process', 2],
] as const)(
  'a tag that a loader holds fences it from then on, for later callers too, invalidated %s',
  async (_, processes) => {
    const shared = inProcessTier()
    const caches = Array.from({ length: processes }, () =>
      createCache({ name: 'app', ...(processes === 2 ? { redis: shared } : {}) }),
    )
    const [cache, invalidating] = [caches[0], caches.at(-1)]
    if (cache === undefined || invalidating === undefined) throw new Error('no cache')
    const [held, mayEnd] = [gate(), gate()]
    const old = cache.getOrSet('key', async ({ holdTags }) => {
      await holdTags(['row'])
      held.resolve()
      await mayEnd.promise
      return 'old'
    })
    await held.promise
    await invalidating.invalidateTags(['row'])
    await expect.poll(() => cache.getOrSet('key', () => 'new', { tags: ['row'] })).toBe('new')
    mayEnd.resolve()
    expect(await old).toBe('old')
    expect([await cache.get('key'), await invalidating.get('key')]).toEqual(['new', 'new'])
    await cache.invalidateTags(['row'])
    expect(await cache.get('key')).toBeUndefined()
    for (const each of caches) await each.close()
  },
)

it('what a loader held and set drops its value alike', async () => {
  const cache = createCache({ name: 'app' })
  await cache.getOrSet('key', async ({ holdTags, setTags }) => {
    await holdTags(['a'])
    setTags(['b'])
    await holdTags(['c'])
    return 'value'
  })
  for (const tag of ['a', 'b', 'c']) {
    await cache.getOrSet('key', async ({ holdTags, setTags }) => {
      await holdTags(['a'])
      setTags(['b'])
      await holdTags(['c'])
      return 'value'
    })
    expect(await cache.get('key')).toBe('value')
    await cache.invalidateTags([tag])
    expect(await cache.get('key'), tag).toBeUndefined()
  }
  await cache.close()
})
