import type { Clock } from '../../../base/clock.ts'
import { rowsOf } from './rows-of.ts'
import type { Answer } from './thread/thread-messages.ts'

export interface UpkeepOptions {
  readonly clock: Clock
  readonly checkpointEveryMs: number
  readonly vacuumEveryMs: number
  /** How many statements were run so far, these here left out: who does nothing needs no upkeep. */
  readonly calls: () => number
  /** Reads something when its turn comes. */
  readonly look: (text: string) => Promise<Answer>
  /** Carries out a command when its turn comes, and announces it. */
  readonly work: (text: string) => Promise<Answer>
}

const lookEveryMs = 1_000
const maxLogBytes = 48 * 1024 * 1024
/** What a checkpoint itself leaves. */
const idleLogBytes = 16 * 1024

/** Of the log since the last checkpoint, which is what a start after a crash has to read. */
const logBytesSql = 'SELECT (pg_current_wal_insert_lsn() - redo_lsn)::bigint AS value FROM pg_control_checkpoint()'

/** Autovacuum's own thresholds, and its rule against the wrap-around of transaction numbers. */
const tablesInNeedSql = `
  SELECT quote_ident(s.schemaname) || '.' || quote_ident(s.relname) AS name
  FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
  WHERE s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
     OR s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)
     OR s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0)
  ORDER BY s.n_dead_tup DESC`
const oldestSql = 'SELECT max(age(datfrozenxid)) AS value FROM pg_database'
const maxAge = 150_000_000

/**
 * The work of PostgreSQL's helpers, which the embedded one does not have: without checkpoints its log would grow for
 * ever, without vacuum its tables would. Runs until the signal aborts; each statement waits its turn like any other, so
 * that callers get in between.
 */
export async function keepUp(options: UpkeepOptions, signal: AbortSignal): Promise<void> {
  const { clock, checkpointEveryMs, vacuumEveryMs } = options
  let checkpointAt = clock.monotonicMs() + checkpointEveryMs
  let vacuumAt = clock.monotonicMs() + vacuumEveryMs
  let seen = 0
  while (true) {
    await clock.sleep(Math.min(lookEveryMs, checkpointEveryMs, vacuumEveryMs), signal)
    if (signal.aborted) return
    const now = clock.monotonicMs()
    const isUsed = options.calls() > seen
    if (!isUsed && now < checkpointAt && now < vacuumAt) continue
    seen = options.calls()
    try {
      const logBytes = await readNumber(options, logBytesSql)
      if (logBytes > maxLogBytes || (now >= checkpointAt && logBytes > idleLogBytes)) await options.work('CHECKPOINT')
      if (now >= vacuumAt) await vacuum(options)
    } catch {
      // A command that failed was announced, and callers learn the reason from their own; the next look tries again.
    }
    if (now >= checkpointAt) checkpointAt = now + checkpointEveryMs
    if (now >= vacuumAt) vacuumAt = now + vacuumEveryMs
  }
}

async function vacuum(options: UpkeepOptions): Promise<void> {
  await options.look('SELECT pg_stat_force_next_flush()')
  for (const { name } of rowsOf(await options.look(tablesInNeedSql))) await options.work(`VACUUM (ANALYZE) ${name}`)
  if ((await readNumber(options, oldestSql)) > maxAge) await options.work('VACUUM')
}

async function readNumber({ look }: UpkeepOptions, sql: string): Promise<number> {
  return Number(rowsOf(await look(sql))[0]?.['value'])
}
