import type { Announcer } from '../../../base/announcer.ts'
import type { DatabaseEvents } from '../../../ports/database-events.ts'
import { redact } from '../../../sql/redact.ts'
import type { SqlDialect } from '../../../sql/statement.ts'

export interface SlowQueryOptions {
  /** From how many milliseconds on a statement is slow. Default 1,000. */
  readonly thresholdMs?: number
  /** Default `postgres`. */
  readonly dialect?: SqlDialect
}

/**
 * Notices slow statements among those that a database announces, until the returned function is called: announces each as
 * `slow_query`, without its values and literals, which is counted and logged by whoever listens.
 */
export function noticeSlowQueries(database: Announcer<DatabaseEvents>, options: SlowQueryOptions = {}): () => void {
  const { thresholdMs = 1_000, dialect = 'postgres' } = options
  return database.on('query', query => announceSlow(database, query, thresholdMs, dialect))
}

/** Announces a statement as slow where it was. */
export function announceSlow(
  database: Announcer<DatabaseEvents>,
  { labels, durationMs, failed, text }: DatabaseEvents['query'],
  thresholdMs: number,
  dialect: SqlDialect,
): void {
  if (durationMs < thresholdMs) return
  const statement = text === undefined ? '' : redact(text, dialect)
  database.announce('slow_query', { labels, durationMs, thresholdMs, failed, statement })
}
