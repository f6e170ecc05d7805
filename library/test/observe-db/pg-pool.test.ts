import pg from 'pg'
import { Registry } from 'prom-client'
import { Announcer } from 'reprise'
import { type DatabaseEvents, observePool, poolWarnings } from 'reprise/observe-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { levelIn, patiently, sampleOf } from './samples.ts'

describeWith(['postgres'], 'a pool of pg, observed', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } })
  })
  afterAll(() => server.stop())

  function open(options: pg.PoolConfig = {}) {
    const registry = new Registry()
    const announcer = new Announcer<DatabaseEvents>()
    const own = new pg.Pool({ connectionString: server.url, max: 4, ...options })
    const errors: unknown[] = []
    own.on('error', error => errors.push(error))
    const pool = observePool(own, { registry, name: 'orders', announcer })
    const end = async () => {
      if (!pool.ended) await pool.end()
    }
    return { own, pool, registry, announcer, errors, [Symbol.asyncDispose]: end }
  }

  test('F5 taken and given back: by callers, by queries, by callbacks', async () => {
    await using observed = open()
    const { pool, registry, own } = observed
    expect(pool).toBe(own)
    expect(pool).toBeInstanceOf(pg.Pool)
    expect(await levelIn(registry)).toEqual([4, 4])
    const first = await pool.connect()
    const second = await pool.connect()
    expect(await levelIn(registry)).toEqual([4, 2])
    first.release()
    expect(await levelIn(registry)).toEqual([4, 3])
    second.release()
    expect(await levelIn(registry)).toEqual([4, 4])

    const slow = [pool.query('SELECT pg_sleep(0.2)'), pool.query('SELECT pg_sleep(0.2)')]
    expect(await levelIn(registry)).toEqual([4, 2])
    await Promise.all(slow)
    await expect(pool.query('SELECT no_such_column')).rejects.toThrow('no_such_column')
    expect(await levelIn(registry)).toEqual([4, 4])

    await new Promise<void>((resolve, reject) => {
      pool.connect((error, client, release) => {
        if (error !== undefined || client === undefined) return reject(error)
        client.query('SELECT 1 AS one', (_, result) => {
          expect(result.rows).toEqual([{ one: 1 }])
          release()
          resolve()
        })
      })
    })
    expect(await levelIn(registry)).toEqual([4, 4])
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_duration_seconds_count{pool="orders"}')).toBe(6)
  })

  test('F5 a connection that is destroyed, or ended by the server, is available anew', async () => {
    await using observed = open()
    const { pool, registry, errors } = observed
    const destroyed = await pool.connect()
    destroyed.release(new Error('of no more use'))
    expect(await levelIn(registry)).toEqual([4, 4])
    expect(pool.totalCount).toBe(0)

    const idle = await pool.connect()
    const held = await pool.connect()
    const [idlePid, heldPid] = [pidOf(idle), pidOf(held)]
    idle.release()
    const heldErrors: unknown[] = []
    held.on('error', error => heldErrors.push(error))
    const killer = new pg.Client(server.url)
    await killer.connect()
    await killer.query('SELECT pg_terminate_backend($1), pg_terminate_backend($2)', [idlePid, heldPid])
    await killer.end()
    await expect.poll(() => errors.length > 0 && heldErrors.length > 0, patiently).toBe(true)
    expect(await levelIn(registry)).toEqual([4, 3])
    held.release(true)
    expect(await levelIn(registry)).toEqual([4, 4])
  })

  test('F5 F7 callers who wait in vain are counted, noticed by itself, and the pool is whole again', async () => {
    await using observed = open({ max: 2, connectionTimeoutMillis: 50 })
    const { pool, registry, announcer } = observed
    const alerts: string[] = []
    announcer.on('pool_alert', ({ alert, change }) => alerts.push(`${alert} ${change}`))
    const held = [await pool.connect(), await pool.connect()]
    expect(alerts).toEqual(['utilisation raised'])
    const [warning] = poolWarnings(registry)
    expect(warning?.advice).toMatch(
      /^2 of 2 connections of the pool orders are taken, 0 callers wait\. Raise its maximum/,
    )

    const refused = await Promise.allSettled([pool.connect(), pool.query('SELECT 1'), pool.connect()])
    for (const { status } of refused) expect(status).toBe('rejected')
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_timeouts_total{pool="orders"}')).toBe(3)
    expect(alerts).toEqual(['utilisation raised', 'acquisition_timeout raised'])
    expect(poolWarnings(registry).map(({ alert }) => alert)).toEqual(['utilisation', 'acquisition_timeout'])

    const patient = pool.connect()
    expect(await sampleOf(registry, 'reprise_db_pool_waiting{pool="orders"}')).toBe(1)
    for (const client of held) client.release()
    ;(await patient).release()
    await expect.poll(() => poolWarnings(registry), patiently).toEqual([])
    expect(alerts.slice(2).sort()).toEqual(['acquisition_timeout over', 'utilisation over'])
    expect(await levelIn(registry)).toEqual([2, 2])
    expect(await sampleOf(registry, 'reprise_db_pool_alerts_total{pool="orders",alert="utilisation"}')).toBe(1)
  })

  test('F5 a server that cannot be reached refuses callers, and leaves the pool whole', async () => {
    const registry = new Registry()
    const pool = observePool(new pg.Pool({ host: '127.0.0.1', port: 1, max: 3 }), { registry, name: 'nowhere' })
    await expect(pool.query('SELECT 1')).rejects.toThrow('ECONNREFUSED')
    await expect(new Promise((_, reject) => pool.connect(reject))).rejects.toThrow('ECONNREFUSED')
    expect(await levelIn(registry)).toEqual([3, 3])
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_failures_total{pool="nowhere",reason="failed"}')).toBe(
      2,
    )
    await pool.end()
    await expect(pool.connect()).rejects.toThrow('Cannot use a pool after calling end')
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_failures_total{pool="nowhere",reason="closed"}')).toBe(
      1,
    )
  })

  test('F5 several pools add up, a changed maximum shows, and a pool that has ended is shown no more', async () => {
    const registry = new Registry()
    const one = observePool(new pg.Pool({ connectionString: server.url, max: 3 }), { registry, name: 'one' })
    const other = observePool(new pg.Pool({ connectionString: server.url }), { registry, name: 'other' })
    for (const pool of [one, other]) pool.on('error', () => {})
    const client = await one.connect()
    expect(await levelIn(registry)).toEqual([13, 12])
    expect(await sampleOf(registry, 'reprise_db_pool_available{pool="one"}')).toBe(2)
    expect(await sampleOf(registry, 'reprise_db_pool_size{pool="other"}')).toBe(10)
    other.options.max = 5
    expect(await levelIn(registry)).toEqual([8, 7])
    const ending = one.end()
    expect(await levelIn(registry)).toEqual([8, 7])
    client.release()
    await ending
    expect(await levelIn(registry)).toEqual([5, 5])
    await other.end()
    expect(await levelIn(registry)).toEqual([0, 0])
  })

  test('F5 after a hundred concurrent checkouts, some killed, some destroyed, all are available', async () => {
    await using observed = open({ max: 10 })
    const { pool, registry } = observed
    const killer = new pg.Client(server.url)
    await killer.connect()
    let highest = 0
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const client = await pool.connect()
        if (client.listenerCount('error') === 0) client.on('error', () => {})
        highest = Math.max(highest, 10 - (await levelIn(registry))[1])
        if (index % 10 === 3) await killer.query('SELECT pg_terminate_backend($1)', [pidOf(client)])
        const failed = await client.query('SELECT pg_sleep(0.005)').catch((error: Error) => error)
        client.release(index % 10 === 7 || failed instanceof Error)
      }),
    )
    await killer.end()
    expect(highest).toBe(10)
    expect(await levelIn(registry)).toEqual([10, 10])
    expect(await sampleOf(registry, 'reprise_db_pool_waiting{pool="orders"}')).toBe(0)
    expect(await sampleOf(registry, 'reprise_db_pool_acquisition_duration_seconds_count{pool="orders"}')).toBe(100)
  })
})

describeWith(['postgres'], 'a pool of pg over a restart of its server', () => {
  test('F5 the pool is whole before, while the server is away, and after', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off' } })
    const registry = new Registry()
    const pool = observePool(new pg.Pool({ connectionString: server.url, max: 5 }), { registry, name: 'restarted' })
    pool.on('error', () => {})
    await Promise.all(Array.from({ length: 20 }, () => pool.query('SELECT 1')))
    const broken = Array.from({ length: 20 }, () => pool.query('SELECT pg_sleep(20)').catch((error: Error) => error))
    await expect.poll(() => levelIn(registry), patiently).toEqual([5, 0])
    await server.kill('SIGQUIT')
    for (const result of await Promise.all(broken)) expect(result).toBeInstanceOf(Error)
    expect(await levelIn(registry)).toEqual([5, 5])
    await server.restart()
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect(await levelIn(registry)).toEqual([5, 5])
    await pool.end()
  })
})

function pidOf(client: pg.PoolClient): number {
  // pg keeps it since ever, and leaves it out of its types.
  return Number(Reflect.get(client, 'processID'))
}
