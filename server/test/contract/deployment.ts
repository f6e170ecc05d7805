import pg from 'pg'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'

export type Row = Readonly<Record<string, unknown>>
/** Every row of every table, by table; values as JSON has them, times and JSON columns as their text. */
export type Tables = Readonly<Record<string, readonly Row[]>>
export type RunSql = (text: string) => Promise<readonly Row[]>
type Settings = Readonly<Record<string, string>>

/** The real program as users run it, on one of the two kinds of stores. */
export interface Deployment {
  /** What answers call its fast copy. */
  readonly copyName: 'memory' | 'redis'
  readonly server: RepriseServer
  readonly url: string
  /** Ends the server gracefully and starts it again on the same stores and port. */
  restart(): Promise<void>
  /** Reads the database with nothing between; the embedded one can be looked into only once its server has stopped. */
  tablesAfterStop(): Promise<Tables>
}

/** Runs a suite on the embedded stores, and on PostgreSQL and Redis where they are installed. */
export function describeOnBothStores(name: string, settings: Settings, suite: (on: () => Deployment) => void): void {
  describe(`${name}, embedded`, () => {
    let directory: PrivateDirectory
    let server: RepriseServer
    beforeAll(async () => {
      directory = await privateDirectory('contract')
      server = await startReprise({ ...settings, DATA_DIR: directory.path })
    })
    afterAll(async () => {
      await server.stop()
      await directory[Symbol.asyncDispose]()
    })
    const deployment = deploymentOf(
      'memory',
      () => server,
      async () => {
        server = await again(server, { ...settings, DATA_DIR: directory.path })
      },
      () => inDirectory(directory.path, everyRow),
    )
    suite(() => deployment)
  })

  describeWith(['postgres', 'redis-server', 'redis-cli'], `${name}, PostgreSQL and Redis`, () => {
    let postgres: PostgresServer
    let redis: RedisServer
    let server: RepriseServer
    let stores: Settings
    beforeAll(async () => {
      ;[postgres, redis] = await Promise.all([startPostgres({ settings: { fsync: 'off' } }), startRedis()])
      stores = { ...settings, DATABASE_URL: postgres.url, REDIS_URL: redis.url }
      server = await startReprise(stores)
    })
    afterAll(async () => {
      await server.stop()
      await Promise.all([postgres.stop(), redis.stop()])
    })
    const deployment = deploymentOf(
      'redis',
      () => server,
      async () => {
        server = await again(server, stores)
      },
      () => tablesOf(postgres.url),
    )
    suite(() => deployment)
  })
}

function deploymentOf(
  copyName: Deployment['copyName'],
  server: () => RepriseServer,
  restart: () => Promise<void>,
  tables: () => Promise<Tables>,
): Deployment {
  return {
    copyName,
    get server() {
      return server()
    },
    get url() {
      return server().url
    },
    restart,
    tablesAfterStop: async () => {
      await server().kill('SIGTERM')
      return tables()
    },
  }
}

async function again(server: RepriseServer, settings: Settings): Promise<RepriseServer> {
  await server.kill('SIGTERM')
  return startReprise({ ...settings, PORT: new URL(server.url).port })
}

const namesSql = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
const rowsSql = (table: string) => `SELECT to_jsonb(t)::text AS row FROM "${table}" t`

/** Counts are numbers here, however many bytes PostgreSQL keeps them in. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)),
}

/** Runs SQL on a real PostgreSQL, over a connection of its own. */
export async function sql(url: string, text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url, types })
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows
  } finally {
    await client.end()
  }
}

/** Every row of every table of a real PostgreSQL. */
export function tablesOf(url: string): Promise<Tables> {
  return everyRow(text => sql(url, text))
}

/** Looks into the directory of an embedded database whose server has stopped. */
export async function inDirectory<Result>(directory: string, work: (run: RunSql) => Promise<Result>): Promise<Result> {
  const database = await openEmbeddedDatabase({ directory })
  try {
    return await work(async text => {
      const statement = { text, values: [], labels: { queryType: 'SELECT', table: 'other' } } as const
      return (await database.run<Row>(statement)).rows
    })
  } finally {
    await database.close()
  }
}

async function everyRow(run: RunSql): Promise<Tables> {
  const tables: Record<string, readonly Row[]> = {}
  for (const { table_name } of await run(namesSql)) {
    const rows = await run(rowsSql(String(table_name)))
    tables[String(table_name)] = rows.map(({ row }) => JSON.parse(String(row)))
  }
  return tables
}
