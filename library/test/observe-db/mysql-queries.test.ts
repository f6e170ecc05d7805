import { once } from 'node:events'
import type mysql from 'mysql2'
import mysqlPromise from 'mysql2/promise'
import { Registry } from 'prom-client'
import { Announcer } from 'reprise'
import { type DatabaseEvents, observePool, observeQueries } from 'reprise/observe-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type MariaDbServer, startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { levelIn, patiently, sampleOf } from './samples.ts'

describeWith(['mariadbd'], 'statements of mysql2, observed', () => {
  let server: MariaDbServer
  beforeAll(async () => {
    server = await startMariaDb()
    const connection = await mysqlPromise.createConnection({ uri: server.url, multipleStatements: true })
    await connection.query(`CREATE TABLE users (id int PRIMARY KEY, name varchar(50) NOT NULL);
      CREATE DATABASE shop; CREATE TABLE shop.\`Order Lines\` (id int); CREATE TABLE carts (id int);
      INSERT INTO users SELECT seq, concat('user ', seq) FROM seq_1_to_1000`)
    await connection.end()
  })
  afterAll(() => server.stop())

  function open(options: mysql.PoolOptions = {}) {
    const registry = new Registry()
    const announcer = new Announcer<DatabaseEvents>()
    const seen: DatabaseEvents['query'][] = []
    announcer.on('query', query => seen.push(query))
    const own = mysqlPromise.createPool({ uri: server.url, connectionLimit: 3, multipleStatements: true, ...options })
    const pool = observeQueries(observePool(own, { registry, name: 'users', announcer }), {
      registry,
      announcer,
      slowQueryMs: 50,
    })
    const labels = () =>
      seen
        .splice(0)
        .map(each => `${each.labels.queryType} ${each.labels.table}${each.failed ? ' failed' : ''} ${each.rows}`)
    return { pool, registry, announcer, labels, [Symbol.asyncDispose]: () => pool.end() }
  }

  test('F6 labels come from the statement: CTEs, quoted names, schemas, several statements, prepared ones', async () => {
    await using observed = open()
    const { pool, labels } = observed
    await pool.query('SELECT * FROM users WHERE id < ?', [3])
    await pool.query('select count(*) from `users` u join shop.`Order Lines` l on l.id = u.id')
    await pool.query('WITH young AS (SELECT * FROM users WHERE id > 990) SELECT count(*) FROM young')
    await pool.query('INSERT INTO shop.`Order Lines` VALUES ?', [[[1], [2], [3]]])
    await pool.query('REPLACE INTO carts VALUES (?)', [1])
    await pool.query('START TRANSACTION; UPDATE users SET name = name WHERE id = 7; COMMIT')
    await pool.execute('SELECT name FROM users WHERE id = ?', [1])
    await pool.execute('DELETE FROM carts WHERE id = ?', [1])
    await pool.query('CREATE TEMPORARY TABLE scratch (id int)')
    await pool.query('SELECT 1')
    await expect(pool.query('SELEC nonsense FROM users')).rejects.toThrow('syntax')
    expect(labels()).toEqual([
      'SELECT users 2',
      'SELECT users 1',
      'SELECT users 1',
      'INSERT shop.Order Lines 3',
      'INSERT carts 1',
      expect.stringMatching(/^UPDATE users [01]$/),
      'SELECT users 1',
      'DELETE carts 1',
      'OTHER scratch 0',
      'SELECT other 1',
      'OTHER other failed undefined',
    ])
  })

  test('F6 every form of query answers what it does unobserved: promises, callbacks, events, prepared', async () => {
    await using observed = open()
    const { pool, labels, registry } = observed
    const two = 'SELECT id, name FROM users ORDER BY id LIMIT 2'
    const rows = [
      { id: 1, name: 'user 1' },
      { id: 2, name: 'user 2' },
    ]
    const core = pool.pool as unknown as mysql.Pool
    const called = (call: (callback: (error: unknown, found: unknown) => void) => unknown) =>
      new Promise((resolve, reject) => {
        call((error, found) => (error ? reject(error) : resolve(found)))
      })
    expect((await pool.query(two))[0]).toEqual(rows)
    expect((await pool.query({ sql: two, rowsAsArray: true }))[0]).toEqual(rows.map(Object.values))
    expect(await called(callback => core.query(two, callback))).toEqual(rows)
    expect(await called(callback => core.query(two, [], callback))).toEqual(rows)
    expect(await called(callback => core.execute(two, callback))).toEqual(rows)
    expect(await called(callback => core.execute('SELECT id, name FROM users WHERE id < ?', [3], callback))).toEqual(
      rows,
    )
    expect(labels()).toEqual(Array(6).fill('SELECT users 2'))

    const connection = await pool.getConnection()
    expect((await connection.query('SELECT 1 AS a; SELECT 2 AS b'))[0]).toEqual([[{ a: 1 }], [{ b: 2 }]])
    const prepared = await connection.prepare('SELECT id FROM users WHERE id <= ?')
    expect((await prepared.execute([2]))[0]).toEqual([{ id: 1 }, { id: 2 }])
    const again = await connection.prepare('SELECT id FROM users WHERE id <= ?')
    expect((await again.execute([1]))[0]).toEqual([{ id: 1 }])
    await connection.beginTransaction()
    await connection.rollback()
    expect(labels()).toEqual(['SELECT other 2', 'SELECT users 2', 'SELECT users 1', 'OTHER other 0', 'OTHER other 0'])
    await expect(connection.execute('SELECT ?', [undefined] as never)).rejects.toThrow(TypeError)
    connection.release()

    const emitter = core.query('SELECT id FROM users WHERE id <= 5')
    const emitted: unknown[] = []
    emitter.on('result', row => emitted.push(row))
    await once(emitter, 'end')
    expect(emitted).toEqual([1, 2, 3, 4, 5].map(id => ({ id })))
    let streamed = 0
    for await (const row of core.query('SELECT id FROM users').stream()) streamed += Number(row.id > 0)
    expect(streamed).toBe(1000)
    const failing = core.query('SELECT no_such_column FROM users')
    const [error] = await once(failing, 'error').catch((thrown: unknown) => [thrown])
    expect(error).toMatchObject({ code: 'ER_BAD_FIELD_ERROR' })
    await expect
      .poll(labels, patiently)
      .toEqual(['SELECT users 5', 'SELECT users 1000', 'SELECT users failed undefined'])
    await expect.poll(() => levelIn(registry), patiently).toEqual([3, 3])
  })

  test('F6 F7 counts, rows, errors by class, and slow statements without their values', async () => {
    await using observed = open()
    const { pool, registry, announcer } = observed
    const slow: DatabaseEvents['slow_query'][] = []
    announcer.on('slow_query', query => slow.push(query))
    await Promise.all(Array.from({ length: 5 }, () => pool.query('SELECT * FROM users LIMIT 10')))
    await expect(pool.query("INSERT INTO users VALUES (1, 'twice')")).rejects.toThrow('Duplicate')
    await expect(pool.query('SELECT no_such_column FROM users')).rejects.toThrow('no_such_column')
    await expect(
      pool.query('SET STATEMENT max_statement_time=0.03 FOR SELECT SLEEP(5), count(*) FROM users'),
    ).rejects.toThrow()
    await pool.query("SELECT SLEEP(0.06) FROM users WHERE id = 1 AND name = 'user 1' -- for Ann")
    const connection = await pool.getConnection()
    connection.connection.on('error', () => {})
    const refused = expect(connection.query('SELECT SLEEP(20) FROM users LIMIT 1')).rejects.toThrow()
    const killer = await mysqlPromise.createConnection(server.url)
    await killer.query(`KILL ${connection.threadId}`)
    await refused
    await killer.end()
    connection.release()

    const select = '{query_type="SELECT",table="users"}'
    expect(await sampleOf(registry, `reprise_db_query_rows_total${select}`)).toBe(51)
    expect(await sampleOf(registry, 'db_queries_total{query_type="INSERT",table="users"}')).toBe(1)
    const errors = async (name: string) => await sampleOf(registry, `reprise_db_query_errors_total{class="${name}"}`)
    expect(await errors('constraint')).toBe(1)
    expect(await errors('syntax')).toBe(1)
    expect(await errors('timeout')).toBe(1)
    expect(await errors('connection')).toBe(1)
    expect(slow.map(({ statement }) => statement)).toContain('SELECT SLEEP(?) FROM users WHERE id = ? AND name = ?')
    await expect.poll(() => levelIn(registry), patiently).toEqual([3, 3])
  })

  test('F6 a connection alone', async () => {
    const registry = new Registry()
    const connection = observeQueries(await mysqlPromise.createConnection(server.url), { registry })
    await connection.query('SELECT * FROM users')
    await connection.end()
    expect(await sampleOf(registry, 'db_queries_total{query_type="SELECT",table="users"}')).toBe(1)
  })
})
