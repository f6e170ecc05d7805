import { existsSync } from 'node:fs'
import { RepriseError, systemClock } from 'reprise'
import { openStores, type Stores } from '../../compose.ts'
import { loadSettings } from '../../config/settings.ts'
import type { Settings } from '../../config/settings-table.ts'

export interface WithStoresOptions {
  /** Whether the command may begin a database where there is none. */
  readonly mayBegin: boolean
}

/** Opens the stores that the environment names, for one command's work. */
export async function withStores(
  { mayBegin }: WithStoresOptions,
  work: (stores: Stores, settings: Settings) => Promise<void>,
): Promise<void> {
  const settings = await loadSettings(process.env, process.cwd())
  if (!mayBegin && settings.databaseUrl === undefined && !existsSync(settings.dataDirectory)) throw noDatabase(settings)
  const stores = await openStores(settings, systemClock)
  try {
    await work(stores, settings)
  } catch (error) {
    throw lacksTables(error) ? notMigrated(error, stores) : error
  } finally {
    await stores.close()
  }
}

function noDatabase({ dataDirectory }: Settings): RepriseError {
  return new RepriseError(
    'invalid_setting',
    `DATA_DIR=${dataDirectory} does not exist, so that there is no database. Name the directory of your server, or DATABASE_URL.`,
    { field: 'DATA_DIR' },
  )
}

/** 42P01: a table is missing. */
function lacksTables(error: unknown): boolean {
  return error instanceof Error && 'sqlState' in error && error.sqlState === '42P01'
}

function notMigrated(cause: unknown, { described }: Stores): RepriseError {
  return new RepriseError(
    'invalid_setting',
    `${described.database} lacks tables of Reprise. Is it the right database? If so, run: reprise migrate`,
    { cause },
  )
}
