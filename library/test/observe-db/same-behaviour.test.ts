import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2'
import mysqlPromise from 'mysql2/promise'
import pg from 'pg'
import Cursor from 'pg-cursor'
import { Registry } from 'prom-client'
import { observePool, observeQueries } from 'reprise/observe-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type MariaDbServer, startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { patiently } from './samples.ts'

/** What an application can tell, in order. */
type Trace = unknown[]

const shown = (error: unknown) => (error instanceof Error ? `${error.constructor.name}: ${error.message}` : error)

/** What comes of a call that may throw at once. */
async function tried(work: () => unknown): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    return shown(error)
  }
}

/** Plays a scene with a pool as it comes from its driver, and with the same pool observed. */
async function bothWays<Pool extends Parameters<typeof observePool>[0]>(
  open: () => Pool,
  play: (pool: Pool, trace: Trace) => Promise<void>,
): Promise<readonly [bare: Trace, observed: Trace]> {
  const traces: [Trace, Trace] = [[], []]
  await play(open(), traces[0])
  const registry = new Registry()
  await play(observeQueries(observePool(open(), { registry, name: 'same' }), { registry }), traces[1])
  return traces
}

class OwnPromise<Value> extends Promise<Value> {}

describeWith(['postgres'], 'an observed pool of pg behaves as one that is not', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } })
  })
  afterAll(() => server.stop())

  const open = (options: pg.PoolConfig = {}) => {
    const pool = new pg.Pool({ connectionString: server.url, max: 2, ...options })
    pool.on('error', () => {})
    return pool
  }

  async function expectSame(options: pg.PoolConfig, play: (pool: pg.Pool, trace: Trace) => Promise<void>) {
    const [bare, observed] = await bothWays(() => open(options), play)
    expect(bare.length).toBeGreaterThan(0)
    expect(observed).toEqual(bare)
  }

  test('events, in order, with their clients; counts of the pool', async () => {
    await expectSame({}, async (pool, trace) => {
      let removed = 0
      // When a removed connection has closed is the network's matter; that it is told is not.
      pool.on('remove', () => {
        removed += 1
      })
      for (const event of ['connect', 'acquire', 'release'] as const)
        pool.on(event as 'connect', (...args: unknown[]) =>
          trace.push([event, args.map(arg => (arg instanceof pg.Client ? 'client' : shown(arg)))]),
        )
      const counts = () => trace.push([pool.totalCount, pool.idleCount, pool.waitingCount])
      const [one, two] = [await pool.connect(), await pool.connect()]
      counts()
      const third = pool.connect()
      counts()
      one.release()
      const again = await third
      trace.push(again === one, again instanceof pg.Client)
      counts()
      again.release(new Error('broken'))
      two.release(true)
      counts()
      await pool.query('SELECT 1')
      counts()
      await pool.end()
      counts()
      trace.push(pool.ending, pool.ended)
      await expect.poll(() => removed, patiently).toBe(3)
    })
  })

  test('errors: double release, ended pools, refused and unreachable servers, wrong arguments', async () => {
    await expectSame({}, async (pool, trace) => {
      const client = await pool.connect()
      client.release()
      const thrown = (work: () => unknown) => {
        try {
          work()
        } catch (error) {
          trace.push(shown(error))
        }
      }
      thrown(() => client.release())
      trace.push(await pool.query('SELECT 1 / 0').catch(shown))
      trace.push(await pool.query({ text: '' }).then(({ rows }) => rows, shown))
      trace.push(await tried(() => pool.query((() => {}) as never)))
      const callback = (error: unknown) => trace.push(['called back', shown(error)])
      await new Promise<void>(resolve => {
        pool.query('SELECT no_such', error => {
          callback(error)
          resolve()
        })
      })
      const held = await pool.connect()
      thrown(() => held.query(undefined as never))
      thrown(() => held.query('SELECT 1', [], 5 as never))
      held.release()
      await pool.end()
      trace.push(await pool.end().catch(shown))
      trace.push(await pool.connect().catch(shown))
      trace.push(await pool.query('SELECT 1').catch(shown))
      await new Promise<void>(resolve => {
        pool.connect((error, ended, release) => {
          trace.push([shown(error), ended, typeof release])
          resolve()
        })
      })
    })
    await expectSame({ connectionString: 'postgres://nobody@127.0.0.1:1/x' }, async (pool, trace) => {
      trace.push(((await pool.connect().catch(error => error)) as Error).message)
      await new Promise<void>(resolve => {
        pool.connect((error, client, release) => {
          trace.push([error?.message, client, typeof release, typeof release === 'function' && release()])
          resolve()
        })
      })
    })
  })

  test('waiting: time-outs, maxUses, verify, idle connections that are closed, an end that waits', async () => {
    await expectSame({ max: 1, connectionTimeoutMillis: 30 }, async (pool, trace) => {
      const held = await pool.connect()
      trace.push(await pool.connect().catch(shown), pool.waitingCount)
      held.release()
      trace.push((await pool.query('SELECT 1 AS one')).rows)
      await pool.end()
    })
    await expectSame({ max: 1, maxUses: 2 }, async (pool, trace) => {
      let removed = 0
      pool.on('remove', () => {
        removed += 1
      })
      for (let time = 0; time < 4; time += 1) {
        await pool.query('SELECT 1')
        trace.push(pool.totalCount)
      }
      await pool.end()
      await expect.poll(() => removed, patiently).toBe(2)
    })
    const verify = (_: unknown, done: (error?: Error) => void) => done(new Error('not this one'))
    await expectSame({ verify } as pg.PoolConfig, async (pool, trace) => {
      trace.push(await pool.connect().catch(shown), pool.totalCount)
      await pool.end()
    })
    await expectSame({ idleTimeoutMillis: 10 }, async (pool, trace) => {
      const removed = new Promise(resolve => pool.once('remove', resolve))
      await pool.query('SELECT 1')
      trace.push(pool.totalCount)
      await removed
      trace.push(pool.totalCount)
      const held = await pool.connect()
      let ended = false
      const ending = pool.end().then(() => {
        ended = true
      })
      await sleep(10)
      trace.push(ended)
      held.release()
      await ending
      trace.push(ended, pool.ended)
    })
  })

  test('promises of another kind, the caller’s context, values of other types, several statements', async () => {
    await expectSame({ Promise: OwnPromise } as pg.PoolConfig, async (pool, trace) => {
      const connecting = pool.connect()
      trace.push(connecting instanceof OwnPromise, pool.query('SELECT 1') instanceof OwnPromise)
      const client = await connecting
      const context = new AsyncLocalStorage<string>()
      await context.run('mine', async () => {
        await client.query('SELECT 1')
        trace.push(context.getStore())
        await new Promise<void>(resolve => {
          client.query('SELECT 1', () => resolve())
        })
        trace.push(context.getStore())
      })
      const { rows, fields, rowCount, command } = await client.query({
        text: `SELECT 1::int8 AS big, 'a'::bytea AS bytes, '[1]'::json AS json, NULL AS nothing, now() > $1 AS late`,
        values: [new Date(0)],
      })
      trace.push(
        rows,
        fields.map(({ name }) => name),
        rowCount,
        command,
      )
      trace.push((await client.query({ text: 'SELECT 1 AS a, 2 AS a', rowMode: 'array' })).rows)
      const named = { name: 'named', text: 'SELECT $1::int AS n' }
      for (const value of [1, 2]) trace.push((await client.query({ ...named, values: [value] })).rows)
      trace.push(await client.query({ ...named, text: 'SELECT 2' }).catch(shown))
      const several = (await client.query('SELECT 1 AS a; SELECT 2 AS b')) as unknown as pg.QueryResult[]
      trace.push(several.map(result => result.rows))
      await client.query('BEGIN')
      trace.push(await client.query('SELECT no_such').catch(shown), await client.query('SELECT 1').catch(shown))
      await client.query('ROLLBACK')
      const cursor = client.query(new Cursor('SELECT generate_series(1, 5) AS n'))
      trace.push(await cursor.read(2), await cursor.read(9), await cursor.read(9))
      await cursor.close()
      trace.push((await client.query('SELECT 1 AS one')).rows, Object.keys(pool), Object.keys(client).includes('query'))
      client.release()
      await pool.end()
    })
  })
})

describeWith(['mariadbd'], 'an observed pool of mysql2 behaves as one that is not', () => {
  let server: MariaDbServer
  beforeAll(async () => {
    server = await startMariaDb()
  })
  afterAll(() => server.stop())

  async function expectSame<Pool extends mysql.Pool | mysqlPromise.Pool>(
    openPool: () => Pool,
    play: (pool: Pool, trace: Trace) => Promise<void>,
  ) {
    const [bare, observed] = await bothWays(openPool, play)
    expect(bare.length).toBeGreaterThan(0)
    expect(observed).toEqual(bare)
  }

  const uri = () => ({ uri: server.url, connectionLimit: 2, multipleStatements: true, namedPlaceholders: true })

  test('promises: events, results, errors, prepared statements, transactions, an end', async () => {
    const openPool = () => mysqlPromise.createPool(uri())
    await expectSame(openPool, async (pool, trace) => {
      for (const event of ['acquire', 'connection', 'enqueue', 'release'] as const)
        pool.on(event as 'release', connection => trace.push([event, typeof connection]))
      const [one, two] = [await pool.getConnection(), await pool.getConnection()]
      const third = pool.getConnection()
      one.release()
      const again = await third
      trace.push(again.threadId === one.threadId)
      again.release()
      again.release()
      two.destroy()
      trace.push((await pool.query('SELECT 1 AS one'))[0], (await pool.query('SELECT :n AS n', { n: 7 }))[0])
      trace.push((await pool.execute('SELECT ? AS n', [5]))[0], (await pool.execute('SELECT :n AS n', { n: 7 }))[0])
      trace.push((await pool.query({ sql: 'SELECT 1 AS a, 2 AS a', rowsAsArray: true }))[0])
      trace.push((await pool.query({ sql: 'SELECT 1 AS b', nestTables: '_' }))[0])
      trace.push((await pool.query('SELECT 1 AS a; SELECT 2 AS b'))[0])
      trace.push(await pool.query('SELECT no_such').catch(shown), await pool.execute('SELECT no_such').catch(shown))
      trace.push(await pool.execute('SELECT ?', [undefined] as never).catch(shown))
      const connection = await pool.getConnection()
      await connection.query('CREATE TEMPORARY TABLE t (n int PRIMARY KEY)')
      await connection.beginTransaction()
      const [inserted] = await connection.query('INSERT INTO t VALUES (1), (2)')
      trace.push((inserted as mysql.ResultSetHeader).affectedRows)
      await connection.rollback()
      trace.push((await connection.query('SELECT count(*) AS n FROM t'))[0])
      const statement = await connection.prepare('SELECT ? + 1 AS n')
      trace.push((await statement.execute([1]))[0], (await statement.execute([2]))[0])
      await statement.close()
      trace.push(await tried(() => connection.query('SELECT 1', (() => {}) as never)))
      connection.release()
      await pool.end()
      trace.push(await pool.query('SELECT 1').catch(shown), await pool.getConnection().catch(shown))
    })
  })

  test('callbacks: overloads, events of queries, streams, the queue’s limit, unreachable servers', async () => {
    const openPool = () => mysql.createPool({ ...uri(), connectionLimit: 1, queueLimit: 1 })
    await expectSame(openPool, async (pool, trace) => {
      const called = (call: (callback: (...args: unknown[]) => void) => unknown) =>
        new Promise<void>(resolve => {
          call((error, rows, fields) => {
            trace.push([shown(error), rows, Array.isArray(fields)])
            resolve()
          })
        })
      await called(callback => pool.query('SELECT 1 AS one', callback))
      await called(callback => pool.query('SELECT ? AS n', [2], callback))
      await called(callback => pool.query({ sql: 'SELECT ? AS n', values: [3] }, callback))
      await called(callback => pool.execute('SELECT ? AS n', [4], callback))
      await called(callback => pool.execute('SELECT no_such', callback))
      await called(callback => pool.query('SELECT no_such', callback))
      const emitted = (query: mysql.Query) =>
        new Promise<void>(resolve => {
          for (const event of ['fields', 'result', 'error', 'end'] as const)
            query.on(event as 'end', (...args: unknown[]) =>
              trace.push([event, event === 'fields' ? args.length : shown(args[0])]),
            )
          query.on('end', () => setImmediate(resolve))
        })
      await emitted(pool.query('SELECT 1 AS one UNION SELECT 2'))
      await emitted(pool.query('SELECT no_such'))
      for await (const row of pool.query('SELECT 1 AS one UNION SELECT 2').stream()) trace.push(row)
      await new Promise<void>(resolve => {
        pool.getConnection((error, connection) => {
          trace.push([error, connection.threadId > 0, connection.listenerCount('error')])
          const waiting = called(callback => pool.query('SELECT 1 AS waited', callback))
          pool.getConnection(refused => {
            trace.push(shown(refused))
            connection.release()
            void waiting.then(resolve)
          })
        })
      })
      trace.push(pool.escape("it's"), pool.escapeId('a b'), pool.format('SELECT ?', [1]))
      await new Promise<void>(resolve => pool.end(error => resolve(void trace.push(error))))
      await called(callback => pool.getConnection(callback as never))
    })
    const nowhere = () => mysql.createPool({ host: '127.0.0.1', port: 1 })
    await expectSame(nowhere, async (pool, trace) => {
      await new Promise<void>(resolve => {
        pool.query('SELECT 1', error => {
          trace.push(error?.code)
          resolve()
        })
      })
      await new Promise<void>(resolve => pool.end(() => resolve()))
    })
  })
})
