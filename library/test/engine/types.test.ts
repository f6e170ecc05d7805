import { type Cache, type CacheEvents, createCache, type InvalidationResult, type LoadContext } from 'reprise'
import { describe, expectTypeOf, it } from 'vitest'

interface User {
  readonly id: number
}
const cache = createCache({ name: 'types' })
const load = async (): Promise<User> => ({ id: 7 })

describe('everything is inferred', () => {
  it('what a loader answers is what callers get', () => {
    expectTypeOf(cache.getOrSet('k', load)).toEqualTypeOf<Promise<User>>()
    expectTypeOf(cache.getOrSet('k', () => 7)).toEqualTypeOf<Promise<number>>()
    expectTypeOf(cache.getOrSet(['user', 7], ({ signal }) => (signal.aborted ? undefined : load()))).toEqualTypeOf<
      Promise<User | undefined>
    >()
    expectTypeOf(cache.getOrSet('k', async ({ stale, notModified }) => (stale ? notModified() : 'new'))).toEqualTypeOf<
      Promise<string>
    >()
    expectTypeOf(cache.getOrSet('k', () => null)).toEqualTypeOf<Promise<null>>()
  })

  it('batches know their keys and values', () => {
    const ids: readonly number[] = [1, 2]
    const users = cache.getOrSetMany(ids, missing => {
      expectTypeOf(missing).toEqualTypeOf<readonly number[]>()
      return Promise.all(missing.map(load))
    })
    expectTypeOf(users).toEqualTypeOf<Promise<(User | undefined)[]>>()
    const named = cache.getOrSetMany(['a', 'b'], async missing => new Map(missing.map(name => [name, name.length])))
    expectTypeOf(named).toEqualTypeOf<Promise<(number | undefined)[]>>()
  })

  it('reading without a loader says what it does not know', () => {
    expectTypeOf(cache.get('k')).toEqualTypeOf<Promise<unknown>>()
    expectTypeOf(cache.get<User>('k')).toEqualTypeOf<Promise<User | undefined>>()
    expectTypeOf(cache.getMany<User>(['k'])).toEqualTypeOf<Promise<(User | undefined)[]>>()
    expectTypeOf(cache.has('k')).toEqualTypeOf<Promise<boolean>>()
    expectTypeOf(cache.delete('k')).toEqualTypeOf<Promise<InvalidationResult>>()
  })

  it('events know their payloads, namespaces are caches', () => {
    cache.on('hit', event => {
      expectTypeOf(event).toEqualTypeOf<CacheEvents['hit']>()
      expectTypeOf(event.state).toEqualTypeOf<'fresh' | 'stale' | 'absent'>()
    })
    expectTypeOf(cache.namespace('n')).toEqualTypeOf<Cache>()
    expectTypeOf<Parameters<Parameters<typeof cache.getOrSet>[1]>[0]>().toEqualTypeOf<LoadContext>()
  })

  it('wrong calls do not compile', () => {
    const wrong = () => {
      // @ts-expect-error null is no key
      void cache.get(null)
      // @ts-expect-error neither is an object within one
      void cache.get(['user', { id: 7 }])
      // @ts-expect-error a loader is a function
      void cache.getOrSet('k', 7)
      // @ts-expect-error tags are a list
      void cache.set('k', 1, { tags: 'a' })
      // @ts-expect-error an option that nobody knows
      void cache.set('k', 1, { expires: 5 })
      // @ts-expect-error an event that nobody announces
      cache.on('hits', () => {})
      // @ts-expect-error a cache has a name
      createCache({})
      // @ts-expect-error memory is bounded in one way
      createCache({ name: 'x', memory: { maxItems: 5 } })
    }
    expectTypeOf(wrong).toBeFunction()
  })
})
