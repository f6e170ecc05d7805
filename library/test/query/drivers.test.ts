import { once } from 'node:events'
import mysqlCallback from 'mysql2'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { type Cache, createCache, RepriseError } from 'reprise'
import { trackKysely } from 'reprise/kysely'
import { trackMysql } from 'reprise/mysql2'
import { trackPg } from 'reprise/pg'
import { type QueryCache, queryCache } from 'reprise/query'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type MariaDbServer, startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'

let cache: Cache
let queries: QueryCache
/** What was dropped, in order. */
let dropped: string[]

beforeEach(() => {
  cache = createCache({ name: 'drivers' })
  queries = queryCache(cache, {
    relations: {
      reads: { adults: ['people'] },
      writes: { people: ['orders'] },
      functions: { grow: { writes: ['people'] } },
    },
  })
  dropped = []
  queries.on('written', ({ tables, all }) => dropped.push(all ? '*' : tables.join(' ')))
})
afterEach(() => cache.close())

describeWith(['postgres'], 'a watched pool of pg', () => {
  let server: PostgresServer
  let pool: pg.Pool

  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } })
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query(`
      CREATE TABLE people (id int PRIMARY KEY, age int);
      CREATE TABLE orders (id int, person int REFERENCES people ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
      CREATE VIEW adults AS SELECT * FROM people WHERE age > 17;
      CREATE FUNCTION grow() RETURNS void LANGUAGE sql AS 'UPDATE people SET age = age + 1';
      INSERT INTO people VALUES (1, 17)`)
    await client.end()
  })
  afterAll(() => server?.stop())
  beforeEach(() => {
    pool = trackPg(new pg.Pool({ connectionString: server.url, max: 1 }), queries)
    pool.on('error', () => undefined)
  })
  afterEach(() => pool.end())

  it('answers the same pool, and tells tables apart though callers wait for one connection', async () => {
    const own = new pg.Pool({ connectionString: server.url })
    expect(trackPg(own, queries)).toBe(own)
    expect(trackPg(own, queries)).toBe(own)
    await own.end()
    const count = queries.cached('count', {}, async (table: string) => {
      const { rows } = await pool.query(`SELECT count(*)::int AS n FROM ${table}`)
      return rows[0].n
    })
    await Promise.all([count('people'), count('orders'), count('adults')])
    const misses = () => cache.stats().misses
    const before = misses()
    await pool.query('INSERT INTO orders VALUES (1, 1)')
    await Promise.all([count('people'), count('adults')])
    expect(misses()).toBe(before)
    expect(await count('orders')).toBe(1)
  })

  it('follows views, cascades and functions that it was told of', async () => {
    const adults = queries.cached('adults', {}, async () => (await pool.query('SELECT * FROM adults')).rowCount)
    expect(await adults()).toBe(0)
    await pool.query('SELECT grow()')
    expect(await adults()).toBe(1)
    await pool.query('DELETE FROM orders')
    expect(dropped).toEqual(['orders people', 'orders'])
  })

  it('takes a statement in whichever shape it comes', async () => {
    await pool.query({ text: 'UPDATE people SET age = $1', values: [20] })
    await pool.query({ name: 'prepared', text: 'UPDATE people SET age = $1', values: [21] })
    const client = await pool.connect()
    await new Promise<void>((resolve, reject) => {
      const callback = (error: Error | null) => (error ? reject(error) : resolve())
      client.query(Object.assign({ text: 'UPDATE people SET age = 22' }, { callback }))
    })
    const query = client.query(new pg.Query('UPDATE people SET age = 23'))
    await once(query, 'end')
    await client.query('BEGIN; UPDATE people SET age = 24; COMMIT')
    client.release()
    await expect.poll(() => dropped).toEqual(Array.from({ length: 5 }, () => 'orders people'))
  })

  it('drops nothing for a transaction that failed, whatever its COMMIT says', async () => {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('UPDATE people SET age = 30')
    await expect(client.query('SELECT * FROM nowhere')).rejects.toThrow()
    expect((await client.query('COMMIT')).command).toBe('ROLLBACK')
    expect(dropped).toEqual([])
    await client.query('BEGIN')
    await client.query('INSERT INTO orders VALUES (9, 999)')
    await expect(client.query('COMMIT')).rejects.toThrow(/foreign key/)
    await client.query('UPDATE people SET age = 31')
    expect(dropped.at(-1)).toBe('orders people')
    client.release()
  })

  it('goes on after COMMIT AND CHAIN in the next transaction', async () => {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('COMMIT AND CHAIN')
    await client.query('UPDATE people SET age = 40')
    expect(dropped).toEqual([])
    await client.query('COMMIT')
    expect(dropped).toEqual(['orders people'])
    client.release()
  })

  it('drops nothing when a connection dies in its transaction, and what was under way when it dies in a write', async () => {
    const client = await pool.connect()
    client.on('error', () => undefined)
    await client.query('BEGIN')
    await client.query('UPDATE people SET age = 50')
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    const killer = new pg.Client({ connectionString: server.url })
    await killer.connect()
    // Not `once` of node:events, which takes the error before it for its own.
    const ended = new Promise(resolve => client.once('end', resolve))
    await killer.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await ended
    client.release(true)
    expect(dropped).toEqual([])
    const other = await pool.connect()
    other.on('error', () => undefined)
    const pid = (await other.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
    const slow = other.query('UPDATE people SET age = 51 WHERE pg_sleep(20) IS NULL')
    const failed = expect(slow).rejects.toThrow()
    await killer.query('SELECT pg_terminate_backend($1)', [pid])
    await failed
    expect(dropped).toContain('orders people')
    other.release(true)
    await killer.end()
  })

  it('answers a write though its results could not be dropped, and says so', async () => {
    const closed = createCache({ name: 'closed' })
    const over = queryCache(closed)
    const failures: unknown[] = []
    over.on('drop_failed', ({ error }) => failures.push(error))
    const own = trackPg(new pg.Pool({ connectionString: server.url }), over)
    await closed.close()
    expect((await own.query('UPDATE people SET age = 60')).rowCount).toBe(1)
    expect(failures).toMatchObject([{ code: 'cache_closed' }])
    await own.end()
  })
})

describeWith(['mariadbd'], 'a watched pool of mysql2', () => {
  let server: MariaDbServer

  beforeAll(async () => {
    server = await startMariaDb()
    const connection = await mysql.createConnection(server.url)
    await connection.query('CREATE TABLE people (id INT PRIMARY KEY, age INT)')
    await connection.query('CREATE TABLE notes (n INT)')
    await connection.query('INSERT INTO people VALUES (1, 17)')
    await connection.end()
  })
  afterAll(() => server?.stop())

  it('follows autocommit, and what commits by itself', async () => {
    const connection = trackMysql(await mysql.createConnection(server.url), queries)
    await connection.query('SET autocommit = 0')
    await connection.query('INSERT INTO notes VALUES (1)')
    expect(dropped).toEqual([])
    await connection.commit()
    expect(dropped).toEqual(['notes'])
    await connection.query('INSERT INTO notes VALUES (2)')
    await connection.rollback()
    expect(dropped).toEqual(['notes'])
    await connection.query('INSERT INTO notes VALUES (3)')
    await connection.query('CREATE TABLE IF NOT EXISTS others (n INT)')
    expect(dropped.slice(1).join(' ')).toContain('notes')
    await connection.query('SET autocommit = 1')
    await connection.beginTransaction()
    await connection.query('INSERT INTO notes VALUES (4)')
    dropped.length = 0
    await connection.changeUser({ user: 'root' })
    expect(dropped).toEqual([])
    await connection.end()
  })

  it('sees prepared statements, streams, and pools of callbacks that answer promises', async () => {
    const pool = trackMysql(mysqlCallback.createPool(server.url), queries)
    const promises = pool.promise()
    await promises.execute('INSERT INTO notes VALUES (?)', [5])
    expect(dropped).toEqual(['notes'])
    await once(pool.query('INSERT INTO notes VALUES (6)'), 'end')
    await expect.poll(() => dropped.length).toBe(2)
    const connection = await promises.getConnection()
    const statement = await connection.prepare('INSERT INTO notes VALUES (?)')
    await statement.execute([7])
    expect(dropped).toHaveLength(3)
    await statement.close()
    await expect(connection.execute('INSERT INTO nowhere VALUES (?)', [1])).rejects.toThrow(/nowhere/)
    connection.release()
    const count = queries.cached('count', {}, async () => {
      const [rows] = await promises.query<mysql.RowDataPacket[]>('SELECT COUNT(*) AS n FROM notes')
      return Number(rows[0]?.['n'])
    })
    const before = await count()
    await promises.query('INSERT INTO notes VALUES (8)')
    expect(await count()).toBe(before + 1)
    await promises.end()
  })
})

describe('what cannot be watched', () => {
  it.each<[string, string, () => unknown]>([
    ['no pool', 'connections', () => trackPg({} as never, queries)],
    ['no query cache', 'queries', () => trackPg(new pg.Pool(), {} as never)],
    ['no connection', 'connections', () => trackMysql({}, queries)],
    ['no query cache of mysql2', 'queries', () => trackMysql({}, undefined as never)],
    ['no dialect', 'dialect', () => trackKysely({} as never, queries)],
  ])('%s is refused by an error that names %s', (_, field, call) => {
    expect(call).toThrow(RepriseError)
    expect(call).toThrow(expect.objectContaining({ code: 'invalid_option', field }))
  })
})
