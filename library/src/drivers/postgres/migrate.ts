import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { RepriseError } from '../../base/reprise-error.ts'
import { builder, statement, statementOf } from './builder.ts'
import type { Database, Transaction } from './database.ts'
import { StatementError } from './statement-error.ts'

export interface MigrateOptions {
  /** Called with a file's name before it is carried out. */
  readonly onStep?: (name: string) => void
}

interface MigrationFile {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

const directory = fileURLToPath(new URL('../../../migrations', import.meta.url))

/**
 * What every file's transaction begins with. The lock ends with its transaction, so that a pooler may stand between;
 * whoever comes second waits here and then finds the work done.
 */
const prelude = `
SET LOCAL lock_timeout = '10min';
SET LOCAL TimeZone = 'UTC';
SELECT pg_advisory_xact_lock(hashtextextended('reprise_migrations', 0));
CREATE TABLE IF NOT EXISTS reprise_migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);`

/**
 * Brings a database to the tables that this version works with: an empty one, one of an earlier version, or one with
 * populated tables of the same shape that something else made, which are taken over without losing a row. Each file of
 * `library/migrations` is carried out once, in order, in a transaction of its own; several processes may start together.
 * Answers the names of the files that were carried out now.
 * @throws RepriseError `migration_failed`, when nothing of the named file has been changed
 */
export async function migrate(
  database: Database,
  options: MigrateOptions = {},
): Promise<{ readonly applied: readonly string[] }> {
  const files = await readFiles()
  const done = await appliedChecksums(database)
  refuseUnknown(files, done)
  const applied: string[] = []
  for (const file of files) {
    const checksum = done.get(file.name)
    if (checksum !== undefined) refuseChanged(file, checksum)
    else if (await carryOut(database, file, options)) applied.push(file.name)
  }
  return { applied }
}

async function readFiles(): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter(name => /^\d{4}_\w+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async name => {
      const sql = (await readFile(`${directory}/${name}`, 'utf8')).replaceAll('\r\n', '\n')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function appliedChecksums(database: Database): Promise<Map<string, string>> {
  const { rows } = await database.run<{ version: number; present: boolean }>(
    statement(
      'SELECT',
      'other',
      `SELECT current_setting('server_version_num')::integer AS version, to_regclass('reprise_migrations') IS NOT NULL AS present`,
    ),
  )
  const [server] = rows
  if (server !== undefined && server.version < 150_000) {
    const version = Math.floor(server.version / 10_000)
    throw failed(`The server is PostgreSQL ${version}; version 15 or newer is needed.`)
  }
  return server?.present ? readChecksums(database) : new Map()
}

async function readChecksums(from: Pick<Transaction, 'run'>): Promise<Map<string, string>> {
  const query = builder.selectFrom('reprise_migrations').select(['name', 'checksum'])
  const { rows } = await from.run<{ name: string; checksum: string }>(statementOf(query))
  return new Map(rows.map(({ name, checksum }) => [name, checksum]))
}

/** True when the file was carried out, false when another process was faster. */
async function carryOut(database: Database, file: MigrationFile, options: MigrateOptions): Promise<boolean> {
  const { name, checksum, sql } = file
  try {
    return await database.transaction(async transaction => {
      await transaction.script(prelude)
      const known = (await readChecksums(transaction)).get(name)
      if (known !== undefined) {
        refuseChanged(file, known)
        return false
      }
      options.onStep?.(name)
      await transaction.script(sql)
      await transaction.run(statementOf(builder.insertInto('reprise_migrations').values({ name, checksum })))
      return true
    })
  } catch (error) {
    if (!(error instanceof StatementError)) throw error
    throw failed(`${name} could not be carried out, and nothing of it was changed: ${error.message}.`, error)
  }
}

function refuseUnknown(files: readonly MigrationFile[], done: ReadonlyMap<string, string>): void {
  const known = new Set(files.map(file => file.name))
  const unknown = [...done.keys()].filter(name => !known.has(name))
  if (unknown.length === 0) return
  throw failed(
    `The database was migrated by a newer version of Reprise (${unknown.join(', ')}). Use that version or a newer one.`,
  )
}

function refuseChanged(file: MigrationFile, checksum: string): void {
  if (file.checksum === checksum) return
  throw failed(
    `${file.name} was carried out on this database with another content. Restore the file as it was released; a change to the tables needs a new file.`,
  )
}

function failed(message: string, cause?: unknown): RepriseError {
  return new RepriseError('migration_failed', message, cause === undefined ? {} : { cause })
}
