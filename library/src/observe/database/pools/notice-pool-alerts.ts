import type { Announcer } from '../../../base/announcer.ts'
import type { DatabaseEvents, PoolLevel } from '../../../ports/database-events.ts'
import { PoolAlerts, type PoolWarning } from './pool-alerts.ts'

export interface NoticePoolAlertsOptions {
  /** The pool's name in alerts. */
  readonly name: string
  /** Share of taken connections, above 0 up to 1, from which on the pool is nearly used up. Default 0.9. */
  readonly alertAbove?: number
}

export interface NoticedPoolAlerts {
  /** What is the matter now. */
  readonly warnings: readonly PoolWarning[]
  /** Ends the subscription. */
  close(): void
}

/**
 * Notices by itself that the pool of a database that announces its level and its acquisitions is nearly used up, or that
 * callers wait in vain; announces it as `pool_alert`.
 */
export function noticePoolAlerts(
  database: Announcer<DatabaseEvents>,
  { name, alertAbove = 0.9 }: NoticePoolAlertsOptions,
): NoticedPoolAlerts {
  let level: PoolLevel | undefined
  const read = () => level && { ...level, waiting: 0 }
  const alerts = new PoolAlerts({ pool: name, read, announcer: database, alertAbove })
  const endings = [
    database.on('pool', seen => {
      level = seen
      alerts.look()
    }),
    database.on('acquisition', ({ outcome }) => {
      if (outcome === 'timeout') alerts.timedOut()
      else if (outcome === 'acquired') alerts.acquired()
    }),
  ]
  return {
    get warnings() {
      return alerts.warnings
    },
    close: () => {
      for (const end of endings) end()
    },
  }
}
