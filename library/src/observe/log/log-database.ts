import type { Announcer } from '../../base/announcer.ts'
import type { DatabaseEvents, PoolAlertKind } from '../../ports/database-events.ts'
import type { Logger } from './logger.ts'

/** A pool at its limit crosses it many times a second; its lines come no faster than this. */
const quietMs = 60_000

const whatIsOver: Readonly<Record<PoolAlertKind, string>> = {
  utilisation: 'the pool has free connections again',
  acquisition_timeout: 'callers get their connections again',
}

/** What writes already, so that one who observes a pool and its statements by the same announcer is told once. */
const logging = new WeakMap<Announcer<DatabaseEvents>, WeakMap<Logger, () => void>>()

/**
 * Writes what is noticed of a database to a logger, until the returned function is called: slow statements, without
 * their values and literals, and pools that are nearly used up or let callers wait in vain. Of the same pool and alert one
 * warning a minute; it says how many were left out.
 *
 * @example
 * const stop = logDatabase(announcer, pino())
 */
export function logDatabase(database: Announcer<DatabaseEvents>, logger: Logger): () => void {
  const known = logging.get(database)?.get(logger)
  if (known !== undefined) return known
  const written = new Map<string, { readonly atMs: number; leftOut: number }>()
  const writeAlert = ({ advice, change, ...fields }: DatabaseEvents['pool_alert']) => {
    const mark = JSON.stringify([fields.pool, fields.alert])
    const last = written.get(mark)
    const isQuiet = last !== undefined && performance.now() - last.atMs < quietMs
    if (change === 'over') {
      if (last?.leftOut === 0) logger.info(fields, whatIsOver[fields.alert])
    } else if (isQuiet) last.leftOut += 1
    else {
      logger.warn(last === undefined || last.leftOut === 0 ? fields : { ...fields, leftOut: last.leftOut }, advice)
      written.set(mark, { atMs: performance.now(), leftOut: 0 })
    }
  }
  const endings = [
    database.on('slow_query', ({ labels, durationMs, ...fields }) => {
      const shown = { query_type: labels.queryType, table: labels.table, durationMs: Math.round(durationMs), ...fields }
      logger.warn(shown, 'a database statement was slow')
    }),
    database.on('pool_alert', writeAlert),
  ]
  const stop = () => {
    for (const end of endings) end()
    logging.get(database)?.delete(logger)
  }
  const byLogger = logging.get(database) ?? new WeakMap<Logger, () => void>()
  logging.set(database, byLogger.set(logger, stop))
  return stop
}
