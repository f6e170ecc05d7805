import pg from 'pg'
import { messageOf } from 'reprise'
import { migrationState } from '../../compose.ts'
import type { Settings } from '../../config/settings-table.ts'
import { clockFinding } from './check-clock.ts'
import { type Finding, failed, ok, patienceMs, warning } from './finding.ts'

const oldestVersion = 15
/** The server counts over a connection of its own. */
const furtherConnections = 1

/** Looks at the PostgreSQL that `DATABASE_URL` names. */
export async function checkPostgres(url: string, settings: Settings): Promise<Finding[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
  })
  client.on('error', () => undefined)
  const { host, hostname, pathname } = new URL(url)
  try {
    await client.connect()
  } catch (error) {
    return [
      failed('PostgreSQL', `${host} cannot be used: ${reasonOf(error)}`, adviceOn(error, hostname, pathname.slice(1))),
    ]
  }
  const findings = [ok('PostgreSQL', `${host} answers`)]
  for (const look of [version, pooler, rights, migrations, connections, clock, encryption]) {
    findings.push(...(await look(client, settings, hostname).catch(refusedLook)))
  }
  await client.end().catch(() => undefined)
  return findings
}

/** What a look could not do says something, too: 42501 is a right that is missing. */
function refusedLook(error: unknown): Finding[] {
  const advice =
    codeOf(error) === '42501'
      ? 'Its tables belong to somebody else. As a superuser: REASSIGN OWNED BY … TO …'
      : 'Look at its log.'
  return [failed('PostgreSQL rights', reasonOf(error), advice)]
}

async function version(client: pg.Client): Promise<Finding[]> {
  const { number } = await row<{ number: string }>(client, "SELECT current_setting('server_version_num') AS number")
  const major = Math.floor(Number(number) / 10_000)
  if (major >= oldestVersion) return [ok('PostgreSQL version', `${major}`)]
  return [
    failed('PostgreSQL version', `${major}`, `Version ${oldestVersion} or newer is needed: upgrade it by pg_upgrade.`),
  ]
}

/** A pooler hands out numbers of its own in place of the numbers of server processes. */
async function pooler(client: pg.Client): Promise<Finding[]> {
  const { pid } = await row<{ pid: number }>(client, 'SELECT pg_backend_pid() AS pid')
  const told = 'processID' in client ? client.processID : pid
  if (told === pid) return [ok('Pooler', 'none between: the sessions are PostgreSQL’s own')]
  try {
    await client.query('BEGIN')
    await client.query('COMMIT')
    return [ok('Pooler', 'one stands between, in transaction or session mode; both suit')]
  } catch (error) {
    return [
      failed(
        'Pooler',
        `one stands between that refuses transactions: ${messageOf(error)}`,
        'Statement mode does not suit. In pgbouncer.ini: pool_mode = transaction',
      ),
    ]
  }
}

async function rights(client: pg.Client): Promise<Finding[]> {
  const found = await row<{ schema: string | null; may: boolean | null; who: string; writable: string }>(
    client,
    `SELECT current_schema() AS schema, has_schema_privilege(current_schema(), 'CREATE') AS may, current_user AS who,
            current_setting('transaction_read_only') AS writable`,
  )
  if (found.writable === 'on') {
    return [
      failed('PostgreSQL rights', 'it takes no writes: a standby, or read-only', 'Name the primary in DATABASE_URL.'),
    ]
  }
  if (found.schema !== null && found.may === true) {
    return [ok('PostgreSQL rights', `${found.who} may create tables in the schema ${found.schema}`)]
  }
  const schema = found.schema ?? 'public'
  return [
    failed(
      'PostgreSQL rights',
      `${found.who} may not create tables in the schema ${schema}`,
      `As its owner: GRANT CREATE, USAGE ON SCHEMA ${schema} TO ${found.who}`,
    ),
  ]
}

async function migrations(client: pg.Client): Promise<Finding[]> {
  const check = 'Migrations'
  const { present } = await row<{ present: boolean }>(
    client,
    "SELECT to_regclass('reprise_migrations') IS NOT NULL AS present",
  )
  const { rows } = present
    ? await client.query<{ name: string; checksum: string }>('SELECT name, checksum FROM reprise_migrations')
    : { rows: [] }
  const { pending, unknown } = await migrationState(new Map(rows.map(({ name, checksum }) => [name, checksum])))
  if (unknown.length > 0) {
    return [
      failed(
        check,
        `the tables are those of a newer version (${unknown[0]})`,
        'Install that version: npm install reprise-server@latest',
      ),
    ]
  }
  if (pending.length === 0) return [ok(check, 'the tables are up to date')]
  return [
    warning(
      check,
      rows.length === 0
        ? 'there are no tables yet'
        : `${pending.length} steps are pending, the first is ${pending[0]?.name}`,
      'The next start carries them out; alone: reprise migrate',
    ),
  ]
}

async function connections(client: pg.Client, { databasePoolSize }: Settings): Promise<Finding[]> {
  const { most, taken } = await row<{ most: number; taken: number }>(
    client,
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,
            (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS taken`,
  )
  const needed = databasePoolSize + furtherConnections
  const found = `${most - taken} of ${most} are free; a server takes up to ${needed}`
  if (most - taken >= needed) return [ok('PostgreSQL connections', found)]
  return [
    warning(
      'PostgreSQL connections',
      found,
      `Take fewer (export DATABASE_POOL_SIZE=${Math.max(1, most - taken - furtherConnections)}), raise max_connections, or put PgBouncer between.`,
    ),
  ]
}

async function clock(client: pg.Client): Promise<Finding[]> {
  const askedAt = Date.now()
  const { now } = await row<{ now: number }>(
    client,
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  )
  return [clockFinding('PostgreSQL', askedAt, now, Date.now())]
}

async function encryption(client: pg.Client, _: Settings, hostname: string): Promise<Finding[]> {
  const { ssl } = await row<{ ssl: boolean | null }>(
    client,
    'SELECT (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS ssl',
  )
  if (ssl === true) return [ok('PostgreSQL encryption', 'TLS')]
  if (/^(?:localhost|127\.|\[?::1)/.test(hostname)) return [ok('PostgreSQL encryption', 'none, on this machine')]
  return [
    warning(
      'PostgreSQL encryption',
      `what goes to ${hostname} can be read on its way`,
      'Unless that network is yours alone, add ?sslmode=verify-full to DATABASE_URL.',
    ),
  ]
}

/** The one row of a statement. The columns are what the statement names. */
async function row<Row extends pg.QueryResultRow>(client: pg.Client, text: string): Promise<Row> {
  const [found] = (await client.query<Row>(text)).rows
  if (found === undefined) throw new Error('it answered no row')
  return found
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function reasonOf(error: unknown): string {
  return messageOf(error) || codeOf(error) || 'no answer'
}

function adviceOn(error: unknown, host: string, database: string): string {
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return `Nothing listens there. Does it run, and on that port? pg_isready --host ${host}`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${host} means nothing here. Look for a slip in DATABASE_URL.`
    case '28P01':
      return 'The password is wrong. Is it URL-encoded in DATABASE_URL? @ is written %40, / is written %2F.'
    case '28000':
      return 'It does not let this user in from here: add a line to its pg_hba.conf, or ?sslmode=require to DATABASE_URL.'
    case '3D000':
      return `Make it: createdb --host ${host} ${database}`
    default:
      return 'Try the same address by psql "$DATABASE_URL". A firewall that swallows packets looks like no answer.'
  }
}
