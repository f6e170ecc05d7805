import { CompiledQuery, Kysely, MysqlDialect, PostgresDialect, sql } from 'kysely'
import mysql from 'mysql2'
import pg from 'pg'
import Cursor from 'pg-cursor'
import { Registry } from 'prom-client'
import { observePool, observeQueries } from 'reprise/observe-db'
import { expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { levelIn, patiently, sampleOf } from './samples.ts'

interface Tables {
  users: { id: number; name: string }
}

async function use(db: Kysely<Tables>): Promise<void> {
  await db.schema.createTable('users').addColumn('id', 'integer').addColumn('name', 'varchar(50)').execute()
  await db
    .insertInto('users')
    .values([1, 2, 3].map(id => ({ id, name: `user ${id}` })))
    .execute()
  await db.transaction().execute(trx => trx.updateTable('users').set({ name: 'ann' }).where('id', '=', 1).execute())
  expect(await db.selectFrom('users').selectAll().orderBy('id').execute()).toHaveLength(3)
  await expect(db.executeQuery(CompiledQuery.raw('SELECT no_such_column FROM users'))).rejects.toThrow('no_such_column')
}

async function expectUse(registry: Registry): Promise<void> {
  const count = async (labels: string) => await sampleOf(registry, `db_queries_total{${labels}}`)
  expect(await count('query_type="INSERT",table="users"')).toBe(1)
  expect(await count('query_type="UPDATE",table="users"')).toBe(1)
  expect(await count('query_type="SELECT",table="users"')).toBe(2)
  expect(await sampleOf(registry, 'reprise_db_query_rows_total{query_type="INSERT",table="users"}')).toBe(3)
  expect(await sampleOf(registry, 'reprise_db_query_failures_total{query_type="SELECT",table="users"}')).toBe(1)
}

describeWith(['postgres', 'mariadbd'], 'Kysely, observed', () => {
  test('F5 F6 over observed pools of pg and mysql2', async () => {
    await using postgres = await startPostgres({ settings: { fsync: 'off' } })
    await using maria = await startMariaDb()
    const [pgRegistry, mysqlRegistry] = [new Registry(), new Registry()]
    const pgPool = observePool(new pg.Pool({ connectionString: postgres.url, max: 2 }), {
      registry: pgRegistry,
      name: 'pg',
    })
    const mysqlPool = observePool(mysql.createPool({ uri: maria.url, connectionLimit: 2 }), {
      registry: mysqlRegistry,
      name: 'mysql',
    })
    pgPool.on('error', () => {})
    observeQueries(pgPool, { registry: pgRegistry })
    observeQueries(mysqlPool, { registry: mysqlRegistry })
    const pgDb = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pgPool, cursor: Cursor }) })
    // Kysely's own types of mysql2's pool are older than it.
    const mysqlDb = new Kysely<Tables>({ dialect: new MysqlDialect({ pool: mysqlPool as never }) })
    await use(pgDb)
    await expectUse(pgRegistry)
    await use(mysqlDb)
    await expectUse(mysqlRegistry)
    for (const registry of [pgRegistry, mysqlRegistry])
      await expect.poll(() => levelIn(registry), patiently).toEqual([2, 2])
    let streamed = 0
    for await (const user of pgDb.selectFrom('users').selectAll().stream()) streamed += user.id
    expect(streamed).toBe(6)
    await pgDb.destroy()
    await mysqlDb.destroy()
  })

  test('F5 F6 by its dialect, whose pool stays hidden', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off' } })
    const registry = new Registry()
    const pool = new pg.Pool({ connectionString: server.url, max: 3 })
    // Of connections that the ended pool is still closing while the server stops.
    pool.on('error', () => {})
    const dialect = new PostgresDialect({ pool, cursor: Cursor })
    observeQueries(observePool(dialect, { registry, name: 'kysely', size: 3 }), { registry })
    const db = new Kysely<Tables>({ dialect })
    await use(db)
    await expectUse(registry)
    expect(await levelIn(registry)).toEqual([3, 3])
    await db.connection().execute(async connection => {
      expect(await levelIn(registry)).toEqual([3, 2])
      await sql`SELECT 1`.execute(connection)
    })
    let streamed = 0
    for await (const user of db.selectFrom('users').selectAll().stream()) streamed += user.id
    expect(streamed).toBe(6)
    const busy = Array.from({ length: 20 }, () => sql`SELECT pg_sleep(0.02)`.execute(db))
    await expect.poll(async () => (await levelIn(registry))[1], patiently).toBe(0)
    expect(await sampleOf(registry, 'reprise_db_pool_waiting{pool="kysely"}')).toBeGreaterThan(0)
    await Promise.all(busy)
    expect(await levelIn(registry)).toEqual([3, 3])
    const another = new Kysely<Tables>({ dialect })
    expect(await another.selectFrom('users').selectAll().execute()).toHaveLength(3)
    expect(await levelIn(registry)).toEqual([6, 6])
    await db.destroy()
    expect(await levelIn(registry)).toEqual([3, 3])
    // The pool behind has ended with the first.
    await expect(another.destroy()).rejects.toThrow('more than once')
    expect(await levelIn(registry)).toEqual([0, 0])
  })

  test('what cannot be observed is refused by name, with what was expected', () => {
    const registry = new Registry()
    const dialect = new PostgresDialect({ pool: new pg.Pool() })
    const pool = new pg.Pool()
    const refused = (work: () => unknown, field: string, message: RegExp) => {
      expect(work).toThrow(expect.objectContaining({ name: 'RepriseError', code: 'invalid_option', field }))
      expect(work).toThrow(message)
    }
    refused(() => observePool(dialect, { registry, name: 'x' }), 'size', /size must be a whole number, 1 or more/)
    refused(
      () => observePool({} as never, { registry, name: 'x' }),
      'pool',
      /a pool of pg or mysql2, or a dialect of Kysely/,
    )
    refused(() => observePool(null as never, { registry, name: 'x' }), 'pool', /not null/)
    refused(
      () => observePool(new Kysely({ dialect }) as never, { registry, name: 'x' }),
      'pool',
      /of a Kysely, observe/,
    )
    refused(() => observePool(pool, { registry, name: '' }), 'name', /text of 1 to 100 characters/)
    refused(() => observePool(pool, { registry: {} as never, name: 'x' }), 'registry', /a Registry of prom-client/)
    refused(() => observePool(pool, { registry, name: 'x', alertAbove: 2 }), 'alertAbove', /above 0 and up to 1, not 2/)
    refused(() => observePool(pool, { registry, name: 'x', nmae: 1 } as never), 'nmae', /Did you mean "name"\?/)
    refused(() => observeQueries(5 as never, { registry }), 'pool', /not 5/)
    refused(() => observeQueries(pool, { registry, slowQueryMs: '1s' as never }), 'slowQueryMs', /milliseconds/)
    refused(() => observeQueries(pool, { registry, tables: 'users' as never }), 'tables', /a list of names/)
    refused(() => observeQueries(pool, { registry, logger: {} as never }), 'logger', /a logger with/)
    refused(
      () => observeQueries(dialect, { registry, language: 'oracle' as never }),
      'language',
      /"postgres" or "mysql"/,
    )
    observeQueries(pool, { registry })
    refused(() => observeQueries(pool, { registry }), 'pool', /are observed already/)
    const taken = new Registry()
    taken.registerMetric({ name: 'db_queries_total', get: async () => ({}) } as never)
    refused(() => observePool(new pg.Pool(), { registry: taken, name: 'x' }), 'registry', /must not hold the metrics/)
  })
})
