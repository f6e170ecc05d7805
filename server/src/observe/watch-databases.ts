import type { Logger } from 'pino'
import type { Announcer, DatabaseEvents } from 'reprise'
import { logDatabase } from 'reprise/log'
import { noticePoolAlerts, noticeSlowQueries } from 'reprise/observe-db'

/** What health is told of the chat's pool. */
export interface SeenPool {
  readonly size: number
  readonly available: number
  /** Whether callers wait in vain for a connection. */
  readonly timesOut: boolean
}

/** Notices slow statements and pools at their limit, and writes them to the log. Answers how the chat's pool stands. */
export function watchDatabases(
  databases: readonly [chat: Announcer<DatabaseEvents>, ...counting: Announcer<DatabaseEvents>[]],
  log: Logger,
  slowQueryMs: number,
): () => SeenPool | undefined {
  const [chat, ...counting] = databases
  let level: DatabaseEvents['pool'] | undefined
  chat.on('pool', seen => {
    level = seen
  })
  const watch = (database: Announcer<DatabaseEvents>, name: string) => {
    noticeSlowQueries(database, { thresholdMs: slowQueryMs })
    logDatabase(database, log)
    return noticePoolAlerts(database, { name })
  }
  const alerts = watch(chat, 'chat')
  for (const database of counting) watch(database, 'counting')
  return () => {
    if (level === undefined) return undefined
    return { ...level, timesOut: alerts.warnings.some(({ alert }) => alert === 'acquisition_timeout') }
  }
}
