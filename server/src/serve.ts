import type { Logger } from 'pino'
import { type Clock, messageOf, RepriseError, systemClock } from 'reprise'
import { type Application, startApplication } from './application.ts'
import { type MigrationResult, openStores, type Stores } from './compose.ts'
import type { Settings } from './config/settings-table.ts'
import { greeting } from './greeting.ts'
import { alone } from './many/colleagues.ts'
import { createLog } from './observe/log.ts'
import { startTakeover } from './takeover/start-takeover.ts'
import type { TakeoverReport } from './takeover/take-over.ts'

/** How long a start waits for a database that is not there yet. */
const databasePatienceMs = 60_000
const databasePauseMs = 1_000
/** How long a graceful stop may take before the process ends all the same. */
const stopLimitMs = 30_000

/** What else starts and ends with the server. */
export interface Companions {
  beforeStop?(): Promise<void>
  afterStop?(): Promise<void>
}

/** Serves until SIGTERM or SIGINT, then stops gracefully; a second signal ends the process at once. */
export async function serve(settings: Settings, companions: Companions = {}): Promise<Pick<Application, 'url'>> {
  const clock = systemClock
  const log = createLog({ level: settings.logLevel })
  const stores = await openStores(settings, clock)
  const application = await start(settings, stores, clock, log)
  process.stdout.write(greeting({ url: application.url, described: stores.described, guestAuth: settings.guestAuth }))
  stopOnSignal(log, async () => {
    await companions.beforeStop?.()
    await application.close()
    await companions.afterStop?.()
  })
  return application
}

async function start(settings: Settings, stores: Stores, clock: Clock, log: Logger): Promise<Application> {
  try {
    await migrateTables(stores, clock, log)
    const takenOver = await takeOver(settings, stores, clock, log)
    return await startApplication({ settings, stores: takenOver, log, clock, colleagues: alone() })
  } catch (error) {
    await stores.close()
    throw error
  }
}

/** Brings the tables up to date; a database that is not there yet is waited for. */
export async function migrateTables(stores: Stores, clock: Clock, log: Logger): Promise<void> {
  const { notes } = await migrateWithPatience(stores, clock)
  for (const note of notes) log.warn({ note }, 'something of the tables that were taken over could not be kept')
}

/** Takes over what an older system left in Redis, now or as soon as it can be reached. */
export function takeOver(settings: Settings, stores: Stores, clock: Clock, log: Logger): Promise<Stores> {
  return startTakeover({
    stores,
    settings,
    clock,
    onTakenOver: report => logTakeover(log, report),
    onFailure: error => log.error({ err: error, task: 'takeover' }, 'a background task failed'),
  })
}

function logTakeover(
  log: Logger,
  { found, imported, completed, messages, conflicts, unreadable }: TakeoverReport,
): void {
  if (found === 0) return
  log.info(
    { imported, completed, messages, conflicts: conflicts.length, unreadable: unreadable.length },
    'guests of an older system were taken over from Redis; `reprise migrate` names those that could not be',
  )
}

/** A database that starts together with the server is waited for. */
async function migrateWithPatience(stores: Stores, clock: Clock): Promise<MigrationResult> {
  const startedAt = clock.monotonicMs()
  for (let tries = 0; ; tries += 1) {
    try {
      return await stores.migrate()
    } catch (error) {
      if (!mayComeYet(error) || clock.monotonicMs() - startedAt > databasePatienceMs) throw error
      if (tries === 0) {
        process.stderr.write(
          `reprise: ${stores.described.database} cannot be reached yet (${messageOf(error)}); trying for a minute.\n`,
        )
      }
      await new Promise(resolve => setTimeout(resolve, databasePauseMs))
    }
  }
}

/** Whether waiting may help: not where the server answered that the database, the role or the password is wrong. */
function mayComeYet(error: unknown): boolean {
  if (!(error instanceof RepriseError) || error.code !== 'database_unavailable') return false
  const { cause } = error
  return !(cause instanceof Error && 'sqlState' in cause && /^(3D000|28)/.test(String(cause.sqlState)))
}

/**
 * Closes at the first SIGTERM or SIGINT.
 * @param onImpatience called before the process ends all the same: at a second signal, or when closing takes too long
 */
export function stopOnSignal(log: Logger, close: () => Promise<void>, onImpatience: () => void = () => {}): void {
  let isStopping = false
  const endAtOnce = () => {
    onImpatience()
    process.exit(1)
  }
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) endAtOnce()
    isStopping = true
    log.info({ signal }, 'stopping: running requests finish; a second signal ends at once')
    const limit = setTimeout(endAtOnce, stopLimitMs)
    close().then(
      () => {
        clearTimeout(limit)
        process.exitCode = 0
      },
      error => {
        log.error({ err: error }, 'the stop failed')
        endAtOnce()
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
