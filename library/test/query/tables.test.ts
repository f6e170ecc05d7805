import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from 'reprise'
import { type QueryCache, queryCache } from 'reprise/query'
import { redis } from 'reprise/redis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type MariaDbServer, startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type DriverCase, driverCases, type TestDatabase } from './databases.ts'

/** A busy machine must not look like a Redis that is away. */
const patient = { commandTimeoutMs: 5_000, writeTimeoutMs: 5_000 }

/** The outcome of a piece of work that is to fail. */
const undo = new Error('undo')

describeWith(['postgres', 'mariadbd', 'redis-server'], 'queries that hang on their tables', () => {
  let servers: { readonly postgres: PostgresServer; readonly mysql: MariaDbServer }
  let redisServer: RedisServer
  const open: (() => unknown)[] = []

  beforeAll(async () => {
    servers = { postgres: await startPostgres({ settings: { fsync: 'off' } }), mysql: await startMariaDb() }
    redisServer = await startRedis()
  })
  afterAll(async () => {
    await servers?.postgres.stop()
    await servers?.mysql.stop()
    await redisServer?.stop()
  })
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })

  for (const driver of driverCases) {
    suite(driver, 'memory')
    if (!driver.name.includes('callbacks')) suite(driver, 'redis')
  }

  function suite(driver: DriverCase, tier: 'memory' | 'redis'): void {
    const on = `${driver.name}, ${tier}`
    let queries: QueryCache
    let db: TestDatabase
    let other: TestDatabase
    let reads: number
    let name = 0
    const events: string[] = []

    beforeEach(async () => {
      name += 1
      reads = 0
      events.length = 0
      queries = (await cacheOf()).queries
      const url = servers[driver.language].url
      db = driver.open(url, queries)
      other = driver.open(url, undefined)
      open.push(
        () => db[Symbol.asyncDispose](),
        () => other[Symbol.asyncDispose](),
      )
      for (const table of ['items', 'orders', 'extra']) {
        await other.run(`CREATE TABLE IF NOT EXISTS ${table} (id INT PRIMARY KEY, n INT)`)
        await other.run(`DELETE FROM ${table}`)
      }
      await other.run('INSERT INTO items VALUES (1, 10)')
      await other.run('INSERT INTO orders VALUES (1, 100)')
    })

    async function cacheOf() {
      const cache = createCache({
        name: `tables-${driver.name}-${name}`,
        ...(tier === 'redis' ? { redis: redis({ url: redisServer.url, ...patient }) } : {}),
      })
      open.push(() => cache.close())
      // What is made before a cache hears others is made anew once it does.
      if (tier === 'redis') await new Promise(resolve => cache.on('bus_listening', resolve))
      const queries = queryCache(cache, { ttl: '1h' })
      queries.on('unkept', ({ query, reason }) => events.push(`unkept ${query} ${reason}`))
      queries.on('untracked', ({ query, statement }) => events.push(`untracked ${query} ${statement}`))
      return { cache, queries }
    }

    function cachedSum(of: QueryCache = queries, through: TestDatabase = db) {
      return of.cached('sum', {}, async (table: string) => {
        reads += 1
        const [row] = await through.run(`SELECT SUM(n) AS total FROM ${table}`)
        return Number(row?.['total'])
      })
    }

    it(`D2 learns the tables that a query reads, and drops its result when one of them is written (${on})`, async () => {
      const sum = cachedSum()
      expect([await sum('items'), await sum('items'), await sum('orders')]).toEqual([10, 10, 100])
      expect(reads).toBe(2)
      await db.run('INSERT INTO items VALUES (2, 5)')
      expect([await sum('items'), await sum('orders')]).toEqual([15, 100])
      expect(reads).toBe(3)
      await db.run('UPDATE items SET n = 0 WHERE id = 2')
      expect(await sum('items')).toBe(10)
      await db.run('DELETE FROM items')
      expect(await sum('items')).toBe(0)
      expect([reads, events]).toEqual([5, []])
    })

    it(`D2 drops on commit, not before and not on rollback (${on})`, async () => {
      const sum = cachedSum()
      await sum('items')
      await db.transaction(async one => {
        await one.run('UPDATE items SET n = 11')
        expect(await sum('items')).toBe(10)
        expect(reads).toBe(1)
      })
      expect(await sum('items')).toBe(11)
      expect(reads).toBe(2)
      const failing = db.transaction(async one => {
        await one.run('UPDATE items SET n = 12')
        throw undo
      })
      await expect(failing).rejects.toBe(undo)
      expect([await sum('items'), reads]).toEqual([11, 2])
      await expect(db.run('INSERT INTO no_such_table VALUES (1)')).rejects.toThrow()
      expect([await sum('items'), reads]).toEqual([11, 2])
    })

    it(`D2 keeps apart what was rolled back to a savepoint (${on})`, async () => {
      const sum = cachedSum()
      await sum('items')
      await sum('orders')
      await sum('extra')
      await db.onOne(async one => {
        for (const statement of [
          'BEGIN',
          'UPDATE items SET n = 1',
          'SAVEPOINT a',
          'UPDATE orders SET n = 1',
          'ROLLBACK TO SAVEPOINT a',
          'SAVEPOINT b',
          'INSERT INTO extra VALUES (1, 7)',
          'RELEASE SAVEPOINT b',
          'COMMIT',
        ]) {
          await one.run(statement)
        }
      })
      expect([await sum('items'), await sum('orders'), await sum('extra')]).toEqual([1, 100, 7])
      expect(reads).toBe(5)
    })

    it(`D2 neither keeps nor shares what is read in an open transaction (${on})`, async () => {
      let session = db as { run: TestDatabase['run'] }
      let entered = Promise.withResolvers<void>()
      const seen = queries.cached('seen', {}, async () => {
        entered.resolve()
        const [row] = await session.run('SELECT n FROM items WHERE id = 1')
        await sleep(20)
        return Number(row?.['n'])
      })
      await expect(
        db.transaction(async one => {
          await one.run('UPDATE items SET n = 99')
          session = one
          entered = Promise.withResolvers()
          const mine = seen()
          await entered.promise
          session = db
          // Whoever joins the load of the transaction reads for himself.
          expect(await Promise.all([mine, seen()])).toEqual([99, 10])
          throw undo
        }),
      ).rejects.toBe(undo)
      expect(await seen()).toBe(10)
      expect(events).toEqual(['unkept seen transaction'])
    })

    it(`D2 a read that was under way when a write was committed is served to nobody after it (${on})`, async () => {
      const entered = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      let isSlow = true
      const slow = queries.cached('slow', {}, async () => {
        reads += 1
        const [row] = await db.run('SELECT n FROM items WHERE id = 1')
        if (isSlow) {
          isSlow = false
          entered.resolve()
          await goOn.promise
        }
        return Number(row?.['n'])
      })
      const before = slow()
      await entered.promise
      await db.run('UPDATE items SET n = 20')
      // Neither does it join the older read.
      expect(await slow()).toBe(20)
      goOn.resolve()
      expect(await before).toBe(10)
      expect([await slow(), reads]).toEqual([20, 2])
    })

    it(`D2 keeps by name and ids what it cannot read, says so, and drops all tables at a write of unknown reach (${on})`, async () => {
      const show = queries.cached('show', { contentType: 'settings' }, async () => {
        reads += 1
        return (await db.run(driver.language === 'mysql' ? "SHOW VARIABLES LIKE 'version'" : 'SHOW server_version'))
          .length
      })
      expect([await show(), await show(), reads]).toEqual([1, 1, 1])
      const sum = cachedSum()
      await sum('items')
      const [call, procedure] =
        driver.language === 'mysql'
          ? ['CALL bump()', 'CREATE OR REPLACE PROCEDURE bump() UPDATE items SET n = n + 1']
          : ['CALL bump()', "CREATE OR REPLACE PROCEDURE bump() LANGUAGE sql AS 'UPDATE items SET n = n + 1'"]
      await other.run(procedure)
      await db.run(call)
      expect(await sum('items')).toBe(11)
      expect(await show()).toBe(1)
    })

    it(`D2 a query around another hangs on the tables of both (${on})`, async () => {
      const sum = cachedSum()
      const both = queries.cached('both', {}, async () => [await sum('items'), await sum('orders')])
      await sum('items')
      expect(await both()).toEqual([10, 100])
      await db.run('UPDATE items SET n = 1')
      expect(await both()).toEqual([1, 100])
      await db.run('UPDATE orders SET n = 2')
      expect(await both()).toEqual([1, 2])
    })

    if (tier === 'redis') {
      it(`D2 two processes over one Redis see each other’s writes (${on})`, async () => {
        const second = await cacheOf()
        const there = driver.open(servers[driver.language].url, second.queries)
        open.push(() => there[Symbol.asyncDispose]())
        const here = cachedSum()
        const elsewhere = cachedSum(second.queries, there)
        expect([await here('items'), await elsewhere('items')]).toEqual([10, 10])
        expect(reads).toBe(1)
        for (let n = 20; n < 26; n += 1) {
          await db.run(`UPDATE items SET n = ${n}`)
          expect(await here('items')).toBe(n)
          // The memory of the other process hears of it by the bus.
          await expect.poll(() => elsewhere('items'), { timeout: 10_000, interval: 5 }).toBe(n)
        }
      })
    }
  }
})
