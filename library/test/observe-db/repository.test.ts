import mysql from 'mysql2'
import mysqlPromise from 'mysql2/promise'
import pg from 'pg'
import { Registry } from 'prom-client'
import { observeQueries, repository } from 'reprise/observe-db'
import { expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { sampleOf } from './samples.ts'

interface User {
  readonly id: number
  readonly name: string
}

describeWith(['postgres', 'mariadbd'], 'a repository', () => {
  test('F6 counts by the labels that its author gives, and answers one row, many, or a count', async () => {
    await using postgres = await startPostgres({ settings: { fsync: 'off' } })
    await using maria = await startMariaDb()
    const pgPool = new pg.Pool({ connectionString: postgres.url })
    pgPool.on('error', () => {})
    const mysqlPool = mysqlPromise.createPool(maria.url)
    const callbackPool = mysql.createPool(maria.url)
    for (const [pool, one] of [
      [pgPool, 'WHERE id = $1'],
      [mysqlPool, 'WHERE id = ?'],
      [callbackPool, 'WHERE id = ?'],
    ] as const) {
      const registry = new Registry()
      const users = repository(pool, { registry })
      const of = { table: 'people', values: [] } as const
      const drop = 'DROP TABLE IF EXISTS users'
      await users.executeQuery({ ...of, text: drop, queryType: 'OTHER', rows: 'count' })
      const create = 'CREATE TABLE users (id int PRIMARY KEY, name varchar(50))'
      await users.executeQuery({ ...of, text: create, queryType: 'OTHER', rows: 'count' })
      const insert = "INSERT INTO users VALUES (1, 'ann'), (2, 'bob')"
      expect(await users.executeQuery({ ...of, text: insert, queryType: 'INSERT', rows: 'count' })).toBe(2)
      const byId = { ...of, text: `SELECT * FROM users ${one}`, queryType: 'SELECT', rows: 'one' } as const
      expect(await users.executeQuery<User>({ ...byId, values: [2] })).toEqual({ id: 2, name: 'bob' })
      expect(await users.executeQuery<User>({ ...byId, values: [9] })).toBeUndefined()
      const all = { ...of, text: 'SELECT name FROM users ORDER BY id', queryType: 'SELECT', rows: 'many' } as const
      expect(await users.executeQuery<User>(all)).toEqual([{ name: 'ann' }, { name: 'bob' }])
      await expect(users.executeQuery({ ...of, text: insert, queryType: 'INSERT', rows: 'count' })).rejects.toThrow(
        /duplicate/i,
      )
      const count = async (type: string) => sampleOf(registry, `db_queries_total{query_type="${type}",table="people"}`)
      expect([await count('SELECT'), await count('INSERT'), await count('OTHER')]).toEqual([3, 2, 2])
      expect(await sampleOf(registry, 'db_queries_total{query_type="SELECT",table="users"}')).toBeUndefined()
    }
    await pgPool.end()
    await mysqlPool.end()
    await new Promise(resolve => callbackPool.end(resolve))
  })

  test('F6 over observed statements nothing is counted twice; what is wrong is named', async () => {
    await using postgres = await startPostgres({ settings: { fsync: 'off' } })
    const registry = new Registry()
    const pool = observeQueries(new pg.Pool({ connectionString: postgres.url }), { registry })
    pool.on('error', () => {})
    const orders = repository(pool, { registry })
    const query = { text: 'SELECT 1 AS one', queryType: 'SELECT', table: 'orders', rows: 'one' } as const
    expect(await orders.executeQuery(query)).toEqual({ one: 1 })
    expect(await sampleOf(registry, 'db_queries_total{query_type="SELECT",table="orders"}')).toBe(1)
    const refused = async (wrong: object, field: string) =>
      expect(orders.executeQuery({ ...query, ...wrong } as never)).rejects.toMatchObject({
        code: 'invalid_option',
        field,
      })
    await refused({ text: '' }, 'text')
    await refused({ values: 7 }, 'values')
    await refused({ queryType: 'SELEKT' }, 'queryType')
    await refused({ table: undefined }, 'table')
    await refused({ rows: 'some' }, 'rows')
    await refused({ vlaues: [] }, 'vlaues')
    await pool.end()
  })
})
