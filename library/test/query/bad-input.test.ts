import { type Cache, createCache, RepriseError } from 'reprise'
import { type QueryCache, queryCache } from 'reprise/query'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let cache: Cache
let queries: QueryCache

beforeEach(() => {
  cache = createCache({ name: 'app' })
  queries = queryCache(cache)
})
afterEach(() => cache.close())

describe('bad input', () => {
  const query = async () => 1

  it.each<[string, string, (of: QueryCache) => unknown]>([
    ['a number as name', 'name', of => of.cached(7 as never, {}, query)],
    ['an empty name', 'name', of => of.cached('', {}, query)],
    ['no function', 'fn', of => of.cached('a', {}, 7 as never)],
    ['an undefined function', 'fn', of => of.cached('a', {}, undefined as never)],
    ['an unknown option', 'tll', of => of.cached('a', { tll: '1m' } as never, query)],
    ['a bad duration', 'ttl', of => of.cached('a', { ttl: 'soon' as never }, query)],
    ['tags, which are made here', 'tags', of => of.cached('a', { tags: ['x'] } as never, query)],
    ['a user that is no function', 'user', of => of.cached('a', { user: 7 as never }, query)],
    ['tables that are no list', 'tables', of => of.cached('a', { tables: 'users' as never }, query)],
    ['a name twice', 'name', of => [of.cached('a', {}, query), of.cached('a', {}, query)]],
    ['no options', 'cached("a")', of => of.cached('a', null as never, query)],
    ['a bad id', 'id', of => of.invalidateUser({} as never)],
    ['an empty id', 'id', of => of.invalidateUser('')],
    ['no selectors', 'selectors', of => of.invalidating({}, query)],
    ['an unknown selector', 'user', of => of.invalidating({ user: 7 } as never)],
    ['a bad content id', 'contentId', of => of.invalidating({ contentId: Number.NaN }, query)],
    ['no work', 'work', of => of.invalidating({ userId: 7 }, 7 as never)],
    ['tables of a wrong kind', 'tables', of => of.invalidateTables([7] as never)],
    ['loads that are no list', 'loads', of => of.warmUser(7, 7 as never)],
    ['a load that is no function', 'loads[0]', of => of.warmUser(7, [7 as never])],
    ['a batch of an unknown query', 'query', of => of.storeBatch('nobody', [])],
    ['an unknown event', 'name', of => of.on('hit' as never, () => undefined)],
    ['a legacy decorator', '@cached', of => of.cached('a', {})({} as never, 'method' as never)],
  ])('%s is refused by an error that names %s', async (_, field, call) => {
    const refused = await Promise.resolve()
      .then(() => call(queries))
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    expect(refused).toBeInstanceOf(RepriseError)
    expect(refused).toMatchObject({ code: 'invalid_option', field })
  })

  it('refuses batches whole, and arguments that make no key', async () => {
    const profile = queries.cached('user_profile', {}, async (id: number) => id)
    for (const entries of [[7], [[7, 8]], [[[7]]], [[[7], undefined]]]) {
      await expect(queries.storeBatch(profile, entries as never)).rejects.toMatchObject({ code: 'invalid_option' })
    }
    const any = queries.cached('any', {}, async (_: unknown) => 1)
    for (const argument of [() => 1, Symbol('s'), new Map(), new (class Thing {})()]) {
      await expect(any(argument)).rejects.toMatchObject({ code: 'invalid_key', field: 'argument 1 of any' })
    }
    const keyed = queries.cached('keyed', { key: (id: number) => id }, async (id: number, _log: object) => id)
    expect(await keyed(7, new Map())).toBe(7)
    expect(() => queryCache({} as never)).toThrow(RepriseError)
    expect(() => queryCache(cache, { relations: { reads: { a: 'b' } } } as never)).toThrow(RepriseError)
  })

  it('the application’s own errors pass unchanged, and are not kept', async () => {
    const failure = new Error('of the application')
    let isBroken = true
    const failing = queries.cached('failing', {}, async () => {
      if (isBroken) throw failure
      return 'mended'
    })
    await expect(failing()).rejects.toBe(failure)
    isBroken = false
    expect(await failing()).toBe('mended')
    const atOnce = queries.cached('at_once', {}, (): number => {
      throw failure
    })
    await expect(atOnce()).rejects.toBe(failure)
  })
})
