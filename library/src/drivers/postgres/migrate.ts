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

export interface MigrateOutcome {
  /** The files that were carried out now. */
  readonly applied: readonly string[]
  /** What could not be kept of tables that were taken over, such as an index that suits no more. */
  readonly notes: readonly string[]
}

export interface MigrationFile {
  readonly name: string
  readonly sql: string
  /** SHA-256 of the SQL, as `reprise_migrations` keeps it. */
  readonly checksum: string
  /** A function, which is made anew whenever its text has changed; any other file is carried out once and never changes. */
  readonly isFunction: boolean
}

/** Files that there were once, whose work `0010_head.sql` and `functions/append.sql` do now. */
const withdrawn = new Set(['0002_append.sql', '0010_heads.sql'])

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
  notes text[] NOT NULL DEFAULT '{}',
  applied_at timestamptz NOT NULL DEFAULT now()
);`

/**
 * Brings a database to the tables that this version works with: an empty one, one of an earlier version, or one with
 * populated tables of the same shape that something else made, which are taken over without losing a row. The files of
 * `library/migrations` are carried out once each, in order, then the functions that are new or have changed, all in one
 * transaction: a failure leaves the database as it was. Several processes may start together.
 * @throws RepriseError `migration_failed`
 */
export async function migrate(database: Database, options: MigrateOptions = {}): Promise<MigrateOutcome> {
  if ((await pendingAfter(await appliedChecksums(database))).length === 0) return { applied: [], notes: [] }
  return database.transaction(async transaction => {
    await explained('its turn did not come', () => transaction.script(prelude))
    // Asked again under the lock: another process may have been faster.
    const pending = await pendingAfter(await readChecksums(transaction))
    for (const file of pending) {
      options.onStep?.(file.name)
      await carryOut(transaction, file)
    }
    const applied = pending.map(file => file.name)
    return { applied, notes: await readNotes(transaction, applied) }
  })
}

/** The files that `migrate` carries out, in their order. */
async function readFiles(): Promise<readonly MigrationFile[]> {
  const [steps, functions] = await Promise.all([sqlFilesIn(''), sqlFilesIn('functions/')])
  return Promise.all(
    [...steps, ...functions].map(async name => {
      const sql = (await readFile(`${directory}/${name}`, 'utf8')).replaceAll('\r\n', '\n')
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { name, sql, checksum, isFunction: functions.includes(name) }
    }),
  )
}

async function sqlFilesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(`${directory}/${folder}`)
  return names
    .filter(name => /^\w+\.sql$/.test(name))
    .sort()
    .map(name => `${folder}${name}`)
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

async function readNotes(transaction: Transaction, applied: readonly string[]): Promise<readonly string[]> {
  const query = builder.selectFrom('reprise_migrations').select(['name', 'notes']).orderBy('name')
  const { rows } = await transaction.run<{ name: string; notes: readonly string[] }>(statementOf(query))
  return rows.flatMap(({ name, notes }) => (applied.includes(name) ? notes : []))
}

/** What a database lacks of this version's files, and what stands in its way. */
export interface MigrationState {
  readonly pending: readonly MigrationFile[]
  /** Carried out there, and not known here: by a newer version. */
  readonly unknown: readonly string[]
  /** Carried out there with another content, which a file that is carried out once cannot have. */
  readonly changed: readonly string[]
}

/**
 * Holds this version's files against those that a database carried out.
 * @param done the checksums by name, as `reprise_migrations` has them
 */
export async function migrationState(done: ReadonlyMap<string, string>): Promise<MigrationState> {
  const files = await readFiles()
  const names = new Set(files.map(file => file.name))
  const pending = files.filter(file => done.get(file.name) !== file.checksum)
  return {
    pending,
    unknown: [...done.keys()].filter(name => !names.has(name) && !withdrawn.has(name)),
    changed: pending.filter(({ name, isFunction }) => done.has(name) && !isFunction).map(({ name }) => name),
  }
}

/** The files that are still to be carried out, if those that were are the very ones that this version holds. */
async function pendingAfter(done: ReadonlyMap<string, string>): Promise<readonly MigrationFile[]> {
  const { pending, unknown, changed } = await migrationState(done)
  if (unknown.length > 0) {
    throw failed(
      `The database was migrated by a newer version of Reprise (${unknown.join(', ')}). Use that version or a newer one.`,
    )
  }
  if (changed.length > 0) {
    throw failed(
      `${changed[0]} was carried out on this database with another content. Restore the file as it was released; a change to the tables needs a new file.`,
    )
  }
  return pending
}

function carryOut(transaction: Transaction, { name, checksum, sql }: MigrationFile): Promise<void> {
  return explained(`${name} could not be carried out`, async () => {
    await transaction.script(sql)
    const record = builder.insertInto('reprise_migrations').values({ name, checksum })
    await transaction.run(statementOf(record.onConflict(conflict => conflict.column('name').doUpdateSet({ checksum }))))
  })
}

async function explained(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof StatementError)) throw error
    throw failed(`The database was left as it was, because ${what}: ${error.message}.`, error)
  }
}

function failed(message: string, cause?: unknown): RepriseError {
  return new RepriseError('migration_failed', message, cause === undefined ? {} : { cause })
}
