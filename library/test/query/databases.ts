import { Kysely, MysqlDialect, PostgresDialect, sql, type Transaction } from 'kysely'
import mysqlCallback from 'mysql2'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { trackKysely } from 'reprise/kysely'
import { trackMysql } from 'reprise/mysql2'
import { trackPg } from 'reprise/pg'
import type { QueryCache } from 'reprise/query'

export type Row = Readonly<Record<string, unknown>>

/** One connection, or a pool of them, through whichever driver. */
export interface Session {
  run(statement: string): Promise<readonly Row[]>
}

export interface TestDatabase extends Session, AsyncDisposable {
  /** Runs on one connection. */
  onOne<Result>(work: (session: Session) => Promise<Result>): Promise<Result>
  /** A transaction as the driver's users write it; rolled back when the work throws. */
  transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result>
}

export interface DriverCase {
  readonly name: string
  readonly language: 'postgres' | 'mysql'
  readonly open: (url: string, queries: QueryCache | undefined) => TestDatabase
}

export const driverCases: readonly DriverCase[] = [
  { name: 'pg, promises', language: 'postgres', open: openPg },
  { name: 'pg, callbacks', language: 'postgres', open: openPgCallbacks },
  { name: 'mysql2, promises', language: 'mysql', open: openMysql },
  { name: 'mysql2, prepared statements', language: 'mysql', open: openMysqlPrepared },
  { name: 'mysql2, callbacks', language: 'mysql', open: openMysqlCallbacks },
  { name: 'Kysely on PostgreSQL', language: 'postgres', open: openKyselyPg },
  { name: 'Kysely on MySQL', language: 'mysql', open: openKyselyMysql },
]

/** The server may be stopped while the last connections still say goodbye. */
function pgPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 40 })
  pool.on('error', () => undefined)
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}

type Tracked = QueryCache | undefined

function openPg(url: string, queries: Tracked): TestDatabase {
  const pool = pgPool(url)
  if (queries) trackPg(pool, queries)
  const on = (client: { query(text: string): Promise<{ rows: Row[] }> }): Session => ({
    run: async statement => (await client.query(statement)).rows,
  })
  return databaseOf(
    on(pool),
    async work => {
      const client = await pool.connect()
      try {
        return await work(on(client))
      } finally {
        client.release()
      }
    },
    () => pool.end(),
  )
}

function openPgCallbacks(url: string, queries: Tracked): TestDatabase {
  const pool = pgPool(url)
  if (queries) trackPg(pool, queries)
  const on = (client: pg.Pool | pg.PoolClient): Session => ({
    run: statement =>
      new Promise((resolve, reject) => {
        client.query(statement, (error: Error | null, result: pg.QueryResult) => {
          if (error) reject(error)
          else resolve(result.rows)
        })
      }),
  })
  return databaseOf(
    on(pool),
    work =>
      new Promise((resolve, reject) => {
        pool.connect((error, client, release) => {
          if (error || client === undefined) reject(error)
          else
            work(on(client))
              .then(resolve, reject)
              .finally(() => release())
        })
      }),
    () => pool.end(),
  )
}

function openMysql(url: string, queries: Tracked): TestDatabase {
  return openMysqlPromises(url, queries, 'query')
}

function openMysqlPrepared(url: string, queries: Tracked): TestDatabase {
  return openMysqlPromises(url, queries, 'execute')
}

function openMysqlPromises(url: string, queries: Tracked, method: 'query' | 'execute'): TestDatabase {
  const pool = mysql.createPool({ uri: url, connectionLimit: 40 })
  if (queries) trackMysql(pool, queries)
  const on = (connection: mysql.Pool | mysql.PoolConnection): Session => ({
    run: async statement => {
      // The protocol prepares no transaction control.
      const isControl = /^(?:begin|start|savepoint|release|rollback|commit|set)/i.test(statement)
      const isPrepared = method === 'execute' && !isControl
      const [rows] = await (isPrepared ? connection.execute(statement) : connection.query(statement))
      return Array.isArray(rows) ? (rows as Row[]) : []
    },
  })
  return databaseOf(
    on(pool),
    async work => {
      const connection = await pool.getConnection()
      try {
        return await work(on(connection))
      } finally {
        connection.release()
      }
    },
    () => pool.end(),
  )
}

function openMysqlCallbacks(url: string, queries: Tracked): TestDatabase {
  const pool = mysqlCallback.createPool({ uri: url, connectionLimit: 40 })
  if (queries) trackMysql(pool, queries)
  const on = (connection: mysqlCallback.Pool | mysqlCallback.PoolConnection): Session => ({
    run: statement =>
      new Promise((resolve, reject) => {
        connection.query(statement, (error: Error | null, rows: unknown) => {
          if (error) reject(error)
          else resolve(Array.isArray(rows) ? (rows as Row[]) : [])
        })
      }),
  })
  return databaseOf(
    on(pool),
    work =>
      new Promise((resolve, reject) => {
        pool.getConnection((error, connection) => {
          if (error) reject(error)
          else
            work(on(connection))
              .then(resolve, reject)
              .finally(() => connection.release())
        })
      }),
    () => new Promise<void>(resolve => pool.end(() => resolve())),
  )
}

function openKyselyPg(url: string, queries: Tracked): TestDatabase {
  const dialect = new PostgresDialect({ pool: pgPool(url) })
  return openKysely(new Kysely({ dialect: queries ? trackKysely(dialect, queries) : dialect }))
}

function openKyselyMysql(url: string, queries: Tracked): TestDatabase {
  const dialect = new MysqlDialect({ pool: mysqlCallback.createPool({ uri: url, connectionLimit: 40 }) })
  return openKysely(new Kysely({ dialect: queries ? trackKysely(dialect, queries) : dialect }))
}

function openKysely(db: Kysely<unknown>): TestDatabase {
  const on = (executor: Kysely<unknown> | Transaction<unknown>): Session => ({
    run: async statement => (await sql.raw<Row>(statement).execute(executor)).rows,
  })
  return {
    ...databaseOf(
      on(db),
      work => db.connection().execute(one => work(on(one))),
      () => db.destroy(),
    ),
    transaction: work => db.transaction().execute(trx => work(on(trx))),
  }
}

function databaseOf(session: Session, onOne: TestDatabase['onOne'], end: () => Promise<void>): TestDatabase {
  return {
    ...session,
    onOne,
    transaction: work =>
      onOne(async one => {
        await one.run('BEGIN')
        try {
          const result = await work(one)
          await one.run('COMMIT')
          return result
        } catch (error) {
          await one.run('ROLLBACK')
          throw error
        }
      }),
    [Symbol.asyncDispose]: end,
  }
}
