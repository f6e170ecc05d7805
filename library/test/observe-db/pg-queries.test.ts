import { once } from 'node:events'
import pg from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { Registry } from 'prom-client'
import { Announcer } from 'reprise'
import type { Logger } from 'reprise/log'
import { type DatabaseEvents, observePool, observeQueries } from 'reprise/observe-db'
import { loadPostgresParser } from 'reprise/sql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { levelIn, patiently, sampleOf } from './samples.ts'

describeWith(['postgres'], 'statements of pg, observed', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } })
    await loadPostgresParser()
    const client = new pg.Client(server.url)
    await client.connect()
    await client.query(`CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);
      CREATE SCHEMA shop; CREATE TABLE shop."Order Lines" (id int); CREATE TABLE carts (id int);
      INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 1000) n`)
    await client.end()
  })
  afterAll(() => server.stop())

  function open(
    options: { readonly slowQueryMs?: number; readonly tables?: readonly string[]; readonly logger?: Logger } = {},
  ) {
    const registry = new Registry()
    const announcer = new Announcer<DatabaseEvents>()
    const seen: DatabaseEvents['query'][] = []
    announcer.on('query', query => seen.push(query))
    const own = new pg.Pool({ connectionString: server.url, max: 3 })
    const pool = observeQueries(observePool(own, { registry, name: 'users', announcer }), {
      registry,
      announcer,
      ...options,
    })
    pool.on('error', () => {})
    const labels = () =>
      seen
        .splice(0)
        .map(each => `${each.labels.queryType} ${each.labels.table}${each.failed ? ' failed' : ''} ${each.rows}`)
    return { pool, registry, announcer, seen, labels, [Symbol.asyncDispose]: () => pool.end() }
  }

  test('F6 labels come from the statement: CTEs, quoted names, schemas, several statements, prepared ones', async () => {
    await using observed = open()
    const { pool, labels } = observed
    await pool.query('SELECT * FROM users WHERE id < $1', [3])
    await pool.query('select count(*) from "users" u join shop."Order Lines" l on l.id = u.id')
    await pool.query(`WITH young AS (SELECT * FROM users WHERE id > 990) SELECT count(*) FROM young`)
    await pool.query(
      `WITH moved AS (DELETE FROM carts RETURNING id) INSERT INTO shop."Order Lines" SELECT id FROM moved`,
    )
    await pool.query('BEGIN; UPDATE users SET name = name WHERE id = 7; COMMIT')
    await pool.query({ name: 'one-user', text: 'SELECT name FROM public.users WHERE id = $1', values: [1] })
    await pool.query({ name: 'one-user', text: 'SELECT name FROM public.users WHERE id = $1', values: [2] })
    await pool.query('CREATE TEMPORARY TABLE scratch (id int)')
    await pool.query('SELECT 1')
    await expect(pool.query('SELEC nonsense FROM users')).rejects.toThrow('syntax error')
    expect(labels()).toEqual([
      'SELECT users 2',
      'SELECT users 1',
      'SELECT users 1',
      'INSERT shop.Order Lines 0',
      'UPDATE users 1',
      'SELECT users 1',
      'SELECT users 1',
      'OTHER scratch undefined',
      'SELECT other 1',
      'OTHER other failed undefined',
    ])
  })

  test('F6 counts, times, rows and errors by class; failed queries count too', async () => {
    await using observed = open()
    const { pool, registry } = observed
    await Promise.all(Array.from({ length: 5 }, () => pool.query('SELECT * FROM users LIMIT 10')))
    const failing = [
      "INSERT INTO users VALUES (1, 'twice')",
      'SELECT no_such_column FROM users',
      'SELECT 1 / 0 FROM users',
      'SET statement_timeout = 20; SELECT pg_sleep(5) FROM users',
    ]
    for (const text of failing) await expect(pool.query(text)).rejects.toThrow(pg.DatabaseError)
    const client = await pool.connect()
    client.on('error', () => {})
    await expect(client.query('SELECT pg_terminate_backend(pg_backend_pid()) FROM users')).rejects.toThrow()
    await expect(client.query('SELECT * FROM users')).rejects.toThrow()
    client.release(true)

    const select = '{query_type="SELECT",table="users"}'
    expect(await sampleOf(registry, `db_queries_total${select}`)).toBe(10)
    expect(await sampleOf(registry, `db_query_duration_seconds_count${select}`)).toBe(10)
    expect(await sampleOf(registry, `reprise_db_query_rows_total${select}`)).toBe(50)
    expect(await sampleOf(registry, `reprise_db_query_failures_total${select}`)).toBe(5)
    expect(await sampleOf(registry, 'db_queries_total{query_type="INSERT",table="users"}')).toBe(1)
    const errors = async (name: string) => await sampleOf(registry, `reprise_db_query_errors_total{class="${name}"}`)
    expect(await errors('constraint')).toBe(1)
    expect(await errors('syntax')).toBe(1)
    expect(await errors('data')).toBe(1)
    expect(await errors('timeout')).toBe(1)
    expect(await errors('connection')).toBe(2)
    expect(await levelIn(registry)).toEqual([3, 3])
  })

  test('F6 every form of query answers what it does unobserved', async () => {
    await using observed = open()
    const { pool, labels } = observed
    const two = 'SELECT id, name FROM users ORDER BY id LIMIT 2'
    const rows = [
      { id: 1, name: 'user 1' },
      { id: 2, name: 'user 2' },
    ]
    const called = (call: (callback: (error: Error | null, result: pg.QueryResult) => void) => unknown) =>
      new Promise((resolve, reject) => {
        call((error, result) => (error ? reject(error) : resolve(result.rows)))
      })
    expect((await pool.query(two)).rows).toEqual(rows)
    expect((await pool.query({ text: two, rowMode: 'array' })).rows).toEqual(rows.map(Object.values))
    expect(await called(callback => pool.query(two, callback))).toEqual(rows)
    expect(await called(callback => pool.query(two, [], callback))).toEqual(rows)
    expect(labels()).toEqual(Array(4).fill('SELECT users 2'))

    const client = await pool.connect()
    expect((await client.query(two)).rows).toEqual(rows)
    expect((await client.query('SELECT $1::int[] AS ids', [[1, 2]])).rows).toEqual([{ ids: [1, 2] }])
    expect(await called(callback => client.query({ text: two }, callback))).toEqual(rows)
    expect(await called(callback => client.query({ text: two, callback } as pg.QueryConfig))).toEqual(rows)
    class Template {
      get text() {
        return two
      }
    }
    expect((await client.query(new Template())).rows).toEqual(rows)
    const several = (await client.query('SELECT 1 AS a; SELECT 2 AS b')) as unknown as pg.QueryResult[]
    expect(several.map(result => result.rows)).toEqual([[{ a: 1 }], [{ b: 2 }]])
    const emitter = client.query(new pg.Query(two))
    const emitted: unknown[] = []
    emitter.on('row', row => emitted.push(row))
    await once(emitter, 'end')
    expect(emitted).toEqual(rows)
    expect(() => client.query(null as never)).toThrow(TypeError)
    expect(() => client.query(two, [], 'no function' as never)).toThrow(TypeError)
    expect(labels()).toEqual([
      'SELECT users 2',
      'SELECT other 1',
      ...Array(3).fill('SELECT users 2'),
      'SELECT other 2',
      'SELECT users 2',
    ])
    client.release()
    expect(() => client.release()).toThrow('already been released')
  })

  test('F6 cursors and streams: rows as they are read, counted when they end', async () => {
    await using observed = open()
    const { pool, labels, registry } = observed
    const client = await pool.connect()
    const cursor = client.query(new Cursor('SELECT * FROM users WHERE id <= $1 ORDER BY id', [250]))
    expect((await cursor.read(100)).length).toBe(100)
    expect(labels()).toEqual([])
    expect((await cursor.read(200)).length).toBe(150)
    expect((await cursor.read(1)).length).toBe(0)
    const early = client.query(new Cursor('SELECT * FROM users'))
    await early.read(10)
    await early.close()
    expect(labels()).toEqual(['SELECT users 250', 'SELECT users 10'])

    let streamed = 0
    for await (const row of client.query(new QueryStream('SELECT id FROM users'))) streamed += Number(row.id > 0)
    expect(streamed).toBe(1000)
    const broken = client.query(new Cursor('SELECT no_such_column FROM users'))
    await expect(broken.read(1)).rejects.toThrow('no_such_column')
    await expect.poll(labels, patiently).toEqual(['SELECT users 1000', 'SELECT users failed undefined'])
    client.release()
    expect(await levelIn(registry)).toEqual([3, 3])
  })

  test('F7 a slow statement is counted and logged, without values, literals and comments', async () => {
    const lines: unknown[] = []
    const write = (fields: object, message: string) => lines.push([fields, message])
    const logger = { debug: write, info: write, warn: write, error: write }
    await using observed = open({ slowQueryMs: 50, logger })
    const { pool, registry } = observed
    await pool.query(
      `SELECT pg_sleep(0.06) /* for Ann */ FROM users WHERE name IN ('ann', 'bob') AND id = $1 AND 7 = 7`,
      [1],
    )
    await pool.query("SELECT pg_sleep(0.06) FROM users WHERE id = 1 AND name = 'user 1'")
    await pool.query('SELECT * FROM users')
    expect(await sampleOf(registry, 'reprise_db_slow_queries_total{query_type="SELECT",table="users"}')).toBe(1)
    expect(lines).toEqual([
      [
        {
          query_type: 'SELECT',
          table: 'users',
          durationMs: expect.any(Number),
          thresholdMs: 50,
          failed: false,
          statement: 'SELECT pg_sleep(?) FROM users WHERE id = ? AND name = ?',
        },
        'a database statement was slow',
      ],
    ])
  })

  test('F6 tables past the bound, or not on the list, are other', async () => {
    await using listed = open({ tables: ['users'] })
    await listed.pool.query('SELECT * FROM carts')
    await listed.pool.query('SELECT * FROM users LIMIT 0')
    expect(listed.labels()).toEqual(['SELECT other 0', 'SELECT users 0'])

    await using observed = open()
    for (let table = 0; table < 70; table += 1)
      await observed.pool.query(`CREATE TEMPORARY TABLE t${table} (id int)`).catch(() => {})
    expect(await sampleOf(observed.registry, 'db_queries_total{query_type="OTHER",table="t63"}')).toBe(1)
    expect(await sampleOf(observed.registry, 'db_queries_total{query_type="OTHER",table="t64"}')).toBeUndefined()
    expect(await sampleOf(observed.registry, 'db_queries_total{query_type="OTHER",table="other"}')).toBe(6)
  })

  test('F6 texts into which values were written are told apart by their tables, not by their values', async () => {
    await using observed = open()
    const { pool, labels } = observed
    await pool.query('CREATE TABLE orders_2025 (id int, note text); CREATE TABLE orders_2026 (id int, note text)')
    labels()
    for (const year of [2025, 2026]) {
      for (const id of [1, 2])
        await pool.query(`SELECT * FROM orders_${year} WHERE id = ${id} AND note = 'it''s ${id}'`)
      await pool.query(`SELECT 1 -- it's\n FROM orders_${year} WHERE note = 'x'`)
      await pool.query(`SELECT 'a' AS "it's" FROM orders_${year} WHERE note = 'x' AND id IN (1, 2, ${year})`)
      await pool.query(`SELECT E'it\\'s' FROM orders_${year} WHERE note = 'x'`)
      await pool.query(`SELECT $$it's$$ FROM orders_${year} WHERE note = 'x'`)
    }
    expect(labels()).toEqual([...Array(6).fill('SELECT orders_2025 0'), ...Array(6).fill('SELECT orders_2026 0')])
  })

  test('F6 a client alone, and one that was open before', async () => {
    const registry = new Registry()
    const client = observeQueries(new pg.Client(server.url), { registry })
    await client.connect()
    await client.query('SELECT * FROM users')
    await client.end()
    expect(await sampleOf(registry, 'db_queries_total{query_type="SELECT",table="users"}')).toBe(1)

    const pool = new pg.Pool({ connectionString: server.url })
    // Of connections that the ended pool is still closing while the server stops.
    pool.on('error', () => {})
    await pool.query('SELECT * FROM carts')
    observeQueries(pool, { registry })
    await pool.query('SELECT * FROM carts')
    expect(await sampleOf(registry, 'db_queries_total{query_type="SELECT",table="carts"}')).toBe(1)
    await pool.end()
  })
})
