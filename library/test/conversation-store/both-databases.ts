import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { connectPostgres, type Database, migrate } from 'reprise/postgres'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'

export interface MigratedDatabases {
  readonly database: Database
  /** The same data over connections of its own where there can be some; the embedded database has one. */
  readonly other: Database
}

/** Runs a suite on a migrated database of its own, real and embedded. */
export function describeOnBoth(name: string, suite: (databases: MigratedDatabases) => void): void {
  describeOnPostgres(name, suite)
  describe(`${name}, embedded`, () => {
    const opened = openedBefore(async () => {
      const directory = await mkdtemp(join(tmpdir(), 'reprise-store-'))
      const database = await openEmbeddedDatabase({ directory })
      return { database, other: database, close: () => database.close().then(() => rm(directory, { recursive: true })) }
    })
    suite(opened)
  })
}

/** Runs a suite on a migrated database of its own, where several connections work at once. */
export function describeOnPostgres(name: string, suite: (databases: MigratedDatabases) => void): void {
  describeWith(['postgres'], `${name}, on a real PostgreSQL`, () => {
    const opened = openedBefore(async () => {
      const server = await startPostgres({ settings: { fsync: 'off' } })
      const database = connectPostgres({ url: server.url })
      const other = connectPostgres({ url: server.url })
      const close = async () => {
        await database.close()
        await other.close()
        await server.stop()
      }
      return { database, other, close }
    })
    suite(opened)
  })
}

/** The databases are there when the first test runs; a suite holds the object before. */
function openedBefore(
  open: () => Promise<MigratedDatabases & { readonly close: () => Promise<void> }>,
): MigratedDatabases {
  const opened: { current?: Awaited<ReturnType<typeof open>> } = {}
  beforeAll(async () => {
    opened.current = await open()
    await migrate(opened.current.database)
  })
  afterAll(() => opened.current?.close())
  const current = () => {
    if (opened.current === undefined) throw new Error('The databases are opened before the first test, not before.')
    return opened.current
  }
  return {
    get database() {
      return current().database
    },
    get other() {
      return current().other
    },
  }
}
