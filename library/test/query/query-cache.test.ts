import { type Cache, createCache } from 'reprise'
import { type QueryCache, queryCache } from 'reprise/query'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { type ManualClock, manualClock } from '../embedded/manual-clock.ts'

interface Profile {
  readonly id: number
  readonly name: string
}

let clock: ManualClock
let cache: Cache
let queries: QueryCache
let calls: string[]

beforeEach(() => {
  clock = manualClock()
  cache = createCache({ name: 'app', clock })
  queries = queryCache(cache)
  calls = []
})
afterEach(() => cache.close())

async function profileOf(id: number): Promise<Profile> {
  calls.push(`profile ${id}`)
  return { id, name: `name ${calls.length}` }
}

describe('cached', () => {
  it('D2 a named query is cached by its arguments, for its own time, with its types', async () => {
    const profile = queries.cached('user_profile', { ttl: '10m' }, profileOf)
    expectTypeOf(profile).parameters.toEqualTypeOf<[number]>()
    expectTypeOf(profile).returns.resolves.toEqualTypeOf<Profile>()
    const other = queries.cached('other', { ttl: '20m' }, profileOf)
    expect(await profile(7)).toEqual({ id: 7, name: 'name 1' })
    expect(await profile(7)).toEqual({ id: 7, name: 'name 1' })
    expect((await profile(8)).name).toBe('name 2')
    expect((await other(7)).name).toBe('name 3')
    clock.advance(11 * 60_000)
    expect((await profile(7)).name).toBe('name 4')
    expect((await other(7)).name).toBe('name 3')
  })

  it('D2 results live for five minutes unless told otherwise', async () => {
    const profile = queries.cached('user_profile', {}, profileOf)
    await profile(7)
    clock.advance(299_000)
    await profile(7)
    expect(calls).toHaveLength(1)
    clock.advance(2_000)
    await profile(7)
    expect(calls).toHaveLength(2)
    const brief = queryCache(cache, { name: 'brief', ttl: '1s' }).cached('user_profile', {}, profileOf)
    await brief(7)
    clock.advance(1_001)
    await brief(7)
    expect(calls).toHaveLength(4)
  })

  it('tells arguments apart that look alike, and takes alike what is', async () => {
    const seen = queries.cached('seen', {}, async (...args: unknown[]) => calls.push(JSON.stringify(args.length)))
    const different: unknown[][] = [
      [],
      [null],
      [7],
      ['7'],
      [7n],
      [[7]],
      [['list', 7]],
      [{ 7: 7 }],
      [['object', '7', 7]],
      [new Date(7)],
      [['date', '7']],
      [true],
      ['true'],
      [Number.NaN],
      [Number.POSITIVE_INFINITY],
      [new Uint8Array([7])],
      ['a', 'b'],
      [['a', 'b']],
      [{ a: { b: 1 } }],
      [{ a: 'b', 1: 1 }],
      [undefined, 1],
    ]
    for (const args of different) await seen(...args)
    expect(calls).toHaveLength(different.length)
    await seen(undefined)
    await seen({ 1: 1, a: 'b' })
    await seen({ a: { b: 1, c: undefined } })
    expect(calls).toHaveLength(different.length)
  })

  it('drops the result of one call', async () => {
    const profile = queries.cached('user_profile', {}, profileOf)
    await profile(7)
    await profile(8)
    await profile.invalidate(7)
    await profile(7)
    await profile(8)
    expect(calls).toEqual(['profile 7', 'profile 8', 'profile 7'])
  })

  it('remembers that there is nothing only when told to, and null always', async () => {
    const nothing = queries.cached('nothing', {}, async () => {
      calls.push('nothing')
    })
    const absent = queries.cached('absent', { negativeTtl: '1m' }, async () => {
      calls.push('absent')
    })
    const none = queries.cached('none', {}, async () => {
      calls.push('none')
      return null
    })
    for (const query of [nothing, absent, none])
      expect([await query(), await query()]).toSatisfy(both => both[0] === both[1])
    expect(calls).toEqual(['nothing', 'nothing', 'absent', 'none'])
  })
})

describe('invalidation', () => {
  it('D2 drops everything of one user and nothing of another', async () => {
    const profile = queries.cached('user_profile', { user: id => id }, profileOf)
    const orders = queries.cached('orders', { user: (_page, id) => id }, async (page: number, id: string | number) => {
      calls.push(`orders ${page} ${id}`)
      return page
    })
    const load = () => Promise.all([profile(7), profile(8), orders(1, '7'), orders(2, 7), orders(1, 8)])
    await load()
    expect((await queries.invalidateUser('7')).redis).toBe('none')
    calls.length = 0
    await load()
    expect(calls).toEqual(['profile 7', 'orders 1 7', 'orders 2 7'])
  })

  it('D2 drops around a piece of work whatever matches any selector, whether it returns or throws', async () => {
    const article = queries.cached('article', { contentType: 'article', contentId: id => id }, async (id: number) => {
      calls.push(`article ${id}`)
      return id
    })
    const video = queries.cached('video', { contentType: () => 'video', contentId: id => id }, async (id: number) => {
      calls.push(`video ${id}`)
      return id
    })
    const profile = queries.cached('user_profile', { user: id => id }, profileOf)
    const load = async () => {
      calls.length = 0
      await Promise.all([article(1), article(2), video(2), video(3), profile(7)])
      return calls
    }
    await load()
    expect(await queries.invalidating({ contentType: 'article' }, () => 'returned')).toBe('returned')
    expect(await load()).toEqual(['article 1', 'article 2'])
    const failure = new Error('of the application')
    await expect(
      queries.invalidating({ contentId: 2, userId: 7 }, async () => {
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(await load()).toEqual(['article 2', 'video 2', 'profile 7'])
    {
      await using _ = queries.invalidating({ userId: 7 })
      expect(await load()).toEqual([])
    }
    expect(await load()).toEqual(['profile 7'])
  })

  it('D2 a read that began before or during the work is served to nobody after it', async () => {
    let row = 'old'
    const gates: PromiseWithResolvers<void>[] = []
    const read = queries.cached('row', { contentId: 1 }, async () => {
      const seen = row
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      return seen
    })
    const before = read()
    await expect.poll(() => gates.length).toBe(1)
    let during: Promise<string> | undefined
    await queries.invalidating({ contentId: 1 }, async () => {
      during = read()
      row = 'new'
    })
    const after = read()
    await expect.poll(() => gates.length).toBe(2)
    for (const gate of gates) gate.resolve()
    expect(await Promise.all([before, during, after, read()])).toEqual(['old', 'old', 'new', 'new'])
  })

  it('drops what was said to be read from a table, however its name is written, and what hangs on it', async () => {
    const related = queryCache(cache, {
      name: 'related',
      relations: {
        reads: { active_users: ['users', 'public.sessions'] },
        writes: { users: ['orders'], orders: ['lines'] },
      },
    })
    let reads = 0
    const view = related.cached('view', { tables: ['active_users'] }, async () => (reads += 1))
    const lines = related.cached('lines', { tables: ['Lines'] }, async () => (reads += 1))
    expect([await view(), await lines()]).toEqual([1, 2])
    await related.invalidateTables(['"public"."Sessions"'])
    expect([await view(), await lines()]).toEqual([3, 2])
    await related.invalidating({ tables: ['users'] }, () => undefined)
    expect([await view(), await lines()].toSorted()).toEqual([4, 5])
    await related.invalidateTables(['carts'])
    expect(reads).toBe(5)
  })
})

describe('statements in a cached query', () => {
  /** A query that sends a statement over a connection that is watched. */
  function sending(name: string, statement: string) {
    const connection = queries.watch('mysql')
    return queries.cached(name, { contentId: 1 }, async () => {
      calls.push(name)
      const sent = connection.send(statement)
      await sent.wait
      await sent.done()
      return 1
    })
  }

  it('one that cannot be read leaves its result to its name and ids, and says so without its literals', async () => {
    const told: unknown[] = []
    queries.on('untracked', event => told.push(event))
    const odd = sending('odd', "FROBNICATE users 'secret'")
    await odd()
    await odd()
    expect(calls).toEqual(['odd'])
    expect(told).toEqual([{ query: 'odd', statement: 'FROBNICATE users ?' }])
    await queries.invalidating({ contentId: 1 }, () => undefined)
    await odd()
    expect(calls).toEqual(['odd', 'odd'])
  })

  it.each([
    ['UPDATE users SET seen = 1', 'write'],
    ['CALL settle()', 'write'],
    ['SELECT * FROM users FOR UPDATE', 'lock'],
    ['BEGIN', 'transaction'],
    [`SELECT * FROM ${Array.from({ length: 60 }, (_, index) => `t${index}`).join(', ')}`, 'too_many_tables'],
  ])('%s keeps its result from being kept: %s', async (statement, reason) => {
    const told: unknown[] = []
    queries.on('unkept', event => told.push(event))
    const query = sending('query', statement)
    await query()
    await query()
    expect(calls).toHaveLength(2)
    expect(told).toContainEqual({ query: 'query', reason })
  })

  it('outside of one, a statement that cannot be read and may write drops all that was read from tables', async () => {
    const known = sending('known', 'SELECT * FROM users')
    const named = queries.cached('named', { tables: ['orders'] }, async () => calls.push('named'))
    const plain = queries.cached('plain', {}, async () => calls.push('plain'))
    const load = () => Promise.all([known(), named(), plain()])
    await load()
    await queries.watch('mysql').send('FROBNICATE users').done()
    calls.length = 0
    await load()
    expect(calls.toSorted()).toEqual(['known', 'named'])
    await queries.watch('mysql').send('SELECT FROBNICATE (').done()
    await load()
    expect(calls).toHaveLength(2)
  })
})

describe('filling', () => {
  it('D2 warms what a user will ask for, and counts what fails', async () => {
    const profile = queries.cached('user_profile', { user: id => id }, profileOf)
    const failure = new Error('no such table')
    const warmed = await queries.warmUser(7, [
      profile,
      id => profile(id + 1),
      async () => {
        throw failure
      },
    ])
    expect(warmed).toMatchObject({ warmed: 2, failed: 1, errors: [failure] })
    calls.length = 0
    await profile(7)
    expect(calls).toEqual([])
  })

  it('D2 stores a batch of results under the arguments of their calls', async () => {
    const profile = queries.cached('user_profile', { user: id => id, ttl: '10m' }, profileOf)
    const rows = Array.from({ length: 50 }, (_, id) => ({ id, name: `stored ${id}` }))
    const stored = await queries.storeBatch(
      profile,
      rows.map(row => [[row.id], row] as const),
    )
    expect(stored).toEqual({ redis: 'none' })
    await queries.storeBatch('user_profile', [[[99], { id: 99, name: 'by name' }]])
    expect([await profile(7), await profile(99)].map(({ name }) => name)).toEqual(['stored 7', 'by name'])
    await queries.invalidateUser(7)
    expect((await profile(7)).name).toBe('name 1')
    expect((await profile(8)).name).toBe('stored 8')
    clock.advance(601_000)
    await profile(8)
    expect(calls).toEqual(['profile 7', 'profile 8'])
  })

  it('D6 a cache for queries has its own size and time, and keeps to them', async () => {
    const database = createCache({ name: 'database', memory: { maxEntries: 50, policy: 'lru' }, clock })
    const own = queryCache(database, { ttl: '600s' })
    const profile = own.cached('user_profile', {}, profileOf)
    for (let id = 0; id < 500; id += 1) await profile(id)
    expect(database.stats().memory?.size).toBeLessThanOrEqual(50)
    await profile(499)
    expect(calls).toHaveLength(500)
    clock.advance(601_000)
    await profile(499)
    expect(calls).toHaveLength(501)
    await database.close()
  })

  it('D8 switched off, every call goes through and works', async () => {
    const off = queryCache(cache, { name: 'off', enabled: false })
    const profile = off.cached('user_profile', { user: id => id }, profileOf)
    expect([await profile(7), await profile(7)].map(({ name }) => name)).toEqual(['name 1', 'name 2'])
    expect(await off.storeBatch(profile, [[[7], { id: 7, name: 'stored' }]])).toEqual({ redis: 'none' })
    expect(await off.warmUser(7, [profile])).toMatchObject({ warmed: 1, failed: 0 })
    expect(await off.invalidating({ userId: 7 }, () => 'done')).toBe('done')
    expect((await profile(7)).name).toBe('name 4')
  })

  it('calls through inside uncached work', async () => {
    const profile = queries.cached('user_profile', {}, profileOf)
    await profile(7)
    expect((await queries.uncached(() => profile(7))).name).toBe('name 2')
    expect((await profile(7)).name).toBe('name 1')
  })
})
