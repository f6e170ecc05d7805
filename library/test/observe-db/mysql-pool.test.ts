import mysql from 'mysql2'
import mysqlPromise from 'mysql2/promise'
import { Registry } from 'prom-client'
import { Announcer } from 'reprise'
import { type DatabaseEvents, observePool, poolWarnings } from 'reprise/observe-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type MariaDbServer, startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { levelIn, patiently, sampleOf } from './samples.ts'

describeWith(['mariadbd'], 'a pool of mysql2, observed', () => {
  let server: MariaDbServer
  beforeAll(async () => {
    server = await startMariaDb()
  })
  afterAll(() => server.stop())

  function open(options: mysql.PoolOptions = {}) {
    const registry = new Registry()
    const announcer = new Announcer<DatabaseEvents>()
    const own = mysqlPromise.createPool({ uri: server.url, connectionLimit: 4, ...options })
    const pool = observePool(own, { registry, name: 'orders', announcer })
    return { own, pool, registry, announcer, [Symbol.asyncDispose]: () => pool.end().catch(() => {}) }
  }

  async function kill(...threads: readonly number[]): Promise<void> {
    const killer = await mysqlPromise.createConnection(server.url)
    for (const thread of threads) await killer.query(`KILL ${thread}`).catch(() => {})
    await killer.end()
  }

  test('F5 taken and given back: by callers, by queries, by prepared statements, with await using', async () => {
    await using observed = open()
    const { pool, registry, own } = observed
    expect(pool).toBe(own)
    expect(await levelIn(registry)).toEqual([4, 4])
    const first = await pool.getConnection()
    const second = await pool.getConnection()
    expect(await levelIn(registry)).toEqual([4, 2])
    first.release()
    first.release()
    expect(await levelIn(registry)).toEqual([4, 3])
    pool.releaseConnection(second)
    expect(await levelIn(registry)).toEqual([4, 4])

    const slow = [pool.query('SELECT SLEEP(0.2)'), pool.execute('SELECT SLEEP(?)', [0.2])]
    expect(await levelIn(registry)).toEqual([4, 2])
    await Promise.all(slow)
    await expect(pool.query('SELECT no_such_column')).rejects.toThrow('no_such_column')
    await expect.poll(() => levelIn(registry), patiently).toEqual([4, 4])
    {
      await using connection = await pool.getConnection()
      expect(await levelIn(registry)).toEqual([4, 3])
      expect((await connection.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }])
    }
    expect(await levelIn(registry)).toEqual([4, 4])
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_duration_seconds_count{pool="orders"}')).toBe(6)
  })

  test('F5 a pool of callbacks, and one of promises over it, are the same pool', async () => {
    const registry = new Registry()
    const pool = observePool(mysql.createPool({ uri: server.url, connectionLimit: 2 }), { registry, name: 'callbacks' })
    const connection = await new Promise<mysql.PoolConnection>((resolve, reject) => {
      pool.getConnection((error, taken) => (error === null ? resolve(taken) : reject(error)))
    })
    expect(await levelIn(registry)).toEqual([2, 1])
    const promised = await pool.promise().getConnection()
    expect(await levelIn(registry)).toEqual([2, 0])
    promised.release()
    connection.release()
    const rows = await new Promise(resolve => pool.query('SELECT 1 AS one', (_, found) => resolve(found)))
    expect(rows).toEqual([{ one: 1 }])
    await expect.poll(() => levelIn(registry), patiently).toEqual([2, 2])
    expect(() => observePool(pool.promise(), { registry, name: 'again' })).toThrow('pool is observed already')
    await new Promise(resolve => pool.end(resolve))
    expect(await levelIn(registry)).toEqual([0, 0])
  })

  test('F5 a connection that is destroyed, or killed by the server while taken or idle, is available anew', async () => {
    await using observed = open()
    const { pool, registry } = observed
    const destroyed = await pool.getConnection()
    destroyed.destroy()
    expect(await levelIn(registry)).toEqual([4, 4])

    const [idle, held] = [await pool.getConnection(), await pool.getConnection()]
    const threads = [idle.threadId, held.threadId] as number[]
    idle.release()
    held.connection.on('error', () => {})
    await kill(...threads)
    await expect.poll(() => levelIn(registry), patiently).toEqual([4, 4])
    held.release()
    expect(await levelIn(registry)).toEqual([4, 4])
    expect((await pool.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }])
    expect(await levelIn(registry)).toEqual([4, 4])
  })

  test('F5 F7 an exhausted pool is noticed by itself; who waits for a connection that breaks is counted once', async () => {
    await using observed = open({ connectionLimit: 1, queueLimit: 2 })
    const { pool, registry, announcer } = observed
    const alerts: string[] = []
    announcer.on('pool_alert', ({ alert, change }) => alerts.push(`${alert} ${change}`))
    const held = await pool.getConnection()
    held.connection.on('error', () => {})
    const waiting = [pool.getConnection(), pool.query('SELECT 1')]
    await expect(pool.getConnection()).rejects.toThrow('Queue limit reached.')
    expect(await sampleOf(registry, 'reprise_db_pool_waiting{pool="orders"}')).toBe(2)
    expect(alerts).toEqual(['utilisation raised'])
    expect(poolWarnings(registry)[0]?.advice).toContain(
      '1 of 1 connections of the pool orders are taken, 2 callers wait.',
    )

    await kill(Number(held.threadId))
    const next = await waiting[0]
    if (next !== undefined && 'release' in next) next.release()
    await waiting[1]
    await expect.poll(() => levelIn(registry), patiently).toEqual([1, 1])
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_duration_seconds_count{pool="orders"}')).toBe(3)
    expect(
      await sampleOf(registry, 'reprise_db_pool_acquisition_failures_total{pool="orders",reason="exhausted"}'),
    ).toBe(1)
    await expect.poll(() => poolWarnings(registry), patiently).toEqual([])
    expect(alerts.at(-1)).toBe('utilisation over')
  })

  test('F5 a changed maximum shows; a server that cannot be reached refuses callers and leaves the pool whole', async () => {
    await using observed = open()
    const { pool, registry } = observed
    pool.pool.config.connectionLimit = 7
    expect(await levelIn(registry)).toEqual([7, 7])
    const nowhere = observePool(mysqlPromise.createPool({ host: '127.0.0.1', port: 1, connectionLimit: 3 }), {
      registry,
      name: 'nowhere',
    })
    await expect(nowhere.query('SELECT 1')).rejects.toThrow('ECONNREFUSED')
    expect(await levelIn(registry)).toEqual([10, 10])
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_failures_total{pool="nowhere",reason="failed"}')).toBe(
      1,
    )
    await nowhere.end()
    await expect(nowhere.getConnection()).rejects.toThrow('Pool is closed.')
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_failures_total{pool="nowhere",reason="closed"}')).toBe(
      1,
    )
  })

  test('F5 a server that takes no answer in time counts as a time-out', async () => {
    const registry = new Registry()
    const silent = await startMariaDb()
    const pool = observePool(mysqlPromise.createPool({ uri: silent.url, connectTimeout: 100 }), {
      registry,
      name: 'silent',
    })
    await silent.kill('SIGSTOP')
    await expect(pool.getConnection()).rejects.toThrow('ETIMEDOUT')
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_timeouts_total{pool="silent"}')).toBe(1)
    expect(await levelIn(registry)).toEqual([10, 10])
    await silent.kill('SIGCONT')
    await pool.end()
    await silent.stop()
  })

  test('F5 after a hundred concurrent checkouts, some killed, some destroyed, all are available', async () => {
    await using observed = open({ connectionLimit: 10 })
    const { pool, registry } = observed
    let highest = 0
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const connection = await pool.getConnection()
        if (connection.connection.listenerCount('error') < 2) connection.connection.on('error', () => {})
        highest = Math.max(highest, 10 - (await levelIn(registry))[1])
        if (index % 10 === 3) await kill(Number(connection.threadId))
        await connection.query('SELECT SLEEP(0.005)').catch((error: Error) => error)
        if (index % 10 === 7) connection.destroy()
        else connection.release()
      }),
    )
    expect(highest).toBe(10)
    await expect.poll(() => levelIn(registry), patiently).toEqual([10, 10])
    expect(await sampleOf(registry, 'reprise_db_pool_waiting{pool="orders"}')).toBe(0)
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_duration_seconds_count{pool="orders"}')).toBe(100)
  })

  test('F5 the pool is whole before, while the server restarts, and after', async () => {
    const own = await startMariaDb()
    const registry = new Registry()
    const pool = observePool(mysqlPromise.createPool({ uri: own.url, connectionLimit: 5 }), {
      registry,
      name: 'restarted',
    })
    await Promise.all(Array.from({ length: 20 }, () => pool.query('SELECT 1')))
    const broken = Array.from({ length: 20 }, () => pool.query('SELECT SLEEP(20)').catch((error: Error) => error))
    await expect.poll(() => levelIn(registry), patiently).toEqual([5, 0])
    await own.kill('SIGKILL')
    for (const result of await Promise.all(broken)) expect(result).toBeInstanceOf(Error)
    await expect.poll(() => levelIn(registry), patiently).toEqual([5, 5])
    await own.restart()
    expect((await pool.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }])
    await expect.poll(() => levelIn(registry), patiently).toEqual([5, 5])
    await pool.end()
    await own.stop()
  })
})
