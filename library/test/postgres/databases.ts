import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { connectPostgres, type Database, type Statement } from 'reprise/postgres'
import { describe } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'

/** Any statement; the label says that it writes, which is the careful choice. */
export function sql(text: string, values: readonly unknown[] = []): Statement {
  return { text, values, labels: { queryType: 'OTHER', table: 'other' } }
}

export async function rowsOf<Row>(database: Database, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const { rows } = await database.run<Row>(sql(text, values))
  return [...rows]
}

/** Makes empty databases, one for each test, and removes them. */
export interface DatabaseMaker extends AsyncDisposable {
  make(): Promise<Database>
}

let made = 0

/** A suite that runs on the real server and on the embedded one alike. */
export function describeOnBoth(name: string, suite: (start: () => Promise<DatabaseMaker>) => void): void {
  describeWith(['postgres'], `${name}, on a real PostgreSQL`, () => suite(startServer))
  describe(`${name}, embedded`, () => suite(startEmbedded))
}

async function startServer(): Promise<DatabaseMaker> {
  const server: PostgresServer = await startPostgres({ settings: { fsync: 'off' } })
  const open: Database[] = []
  const admin = connectPostgres({ url: server.url })
  open.push(admin)
  return {
    make: async () => {
      made += 1
      const name = `made_${made}`
      await admin.run(sql(`CREATE DATABASE ${name}`))
      // A server far from UTC must make no difference.
      await admin.run(sql(`ALTER DATABASE ${name} SET timezone = 'Asia/Tokyo'`))
      const database = connectPostgres({ url: server.url.replace(/postgres$/, name) })
      open.push(database)
      return database
    },
    [Symbol.asyncDispose]: async () => {
      for (const database of open) await database.close()
      await server.stop()
    },
  }
}

async function startEmbedded(): Promise<DatabaseMaker> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-embedded-'))
  const open: Database[] = []
  return {
    make: async () => {
      made += 1
      const database = await openEmbeddedDatabase({ directory: join(directory, `made_${made}`) })
      open.push(database)
      return database
    },
    [Symbol.asyncDispose]: async () => {
      for (const database of open) await database.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
