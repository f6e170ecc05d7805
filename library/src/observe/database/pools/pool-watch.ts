import type { Announcer } from '../../../base/announcer.ts'
import type { AcquisitionOutcome, DatabaseEvents } from '../../../ports/database-events.ts'
import type { PoolState } from '../metrics/database-metrics.ts'
import { PoolAlerts, type PoolWarning } from './pool-alerts.ts'

export interface PoolWatchOptions {
  readonly name: string
  /** The pool as it stands; undefined once it has ended. */
  readonly read: () => PoolState | undefined
  readonly announcer: Announcer<DatabaseEvents>
  /** Share of taken connections from which on the pool is nearly used up. */
  readonly alertAbove: number
}

/** Watches one pool: each driver's part tells it when a caller asks, gets, or gives back. */
export class PoolWatch {
  readonly #name: string
  readonly #read: PoolWatchOptions['read']
  readonly #announcer: Announcer<DatabaseEvents>
  readonly #alerts: PoolAlerts

  constructor({ name, read, announcer, alertAbove }: PoolWatchOptions) {
    this.#name = name
    this.#read = read
    this.#announcer = announcer
    this.#alerts = new PoolAlerts({ pool: name, read, announcer, alertAbove })
  }

  /** A caller asked for a connection and has it, or waits. Answers the moment, to be given to `ended`. */
  began(): number {
    return performance.now()
  }

  /** To be called when it is known whether the caller waits. */
  waits(): void {
    this.#alerts.look()
  }

  /** The caller has its connection, or the error that it got. */
  ended(startedMs: number, error?: unknown): void {
    const outcome = error === undefined || error === null ? 'acquired' : acquisitionOutcome(error)
    this.#announcer.announce('acquisition', { pool: this.#name, durationMs: performance.now() - startedMs, outcome })
    if (outcome === 'timeout') this.#alerts.timedOut()
    else if (outcome === 'acquired') this.#alerts.acquired()
  }

  /** A connection comes back, or is no more; the pool may still count it as taken while it says so. */
  givenBack(): void {
    if (this.#alerts.isOn) process.nextTick(() => this.#alerts.look())
  }

  get hasEnded(): boolean {
    return this.#read() === undefined
  }

  /** What is the matter with the pool now, in words. */
  get warnings(): readonly PoolWarning[] {
    return this.#alerts.warnings
  }
}

const timeoutMessages =
  /^(timeout exceeded when trying to connect|Connection terminated due to connection timeout|timeout expired|connect ETIMEDOUT)/

/** Drivers tell by messages; those of `pg-pool` and `mysql2` are matched, and codes of the system. */
export function acquisitionOutcome(error: unknown): AcquisitionOutcome {
  if (!(error instanceof Error)) return 'failed'
  const code = 'code' in error ? error.code : undefined
  if (code === 'ETIMEDOUT' || timeoutMessages.test(error.message)) return 'timeout'
  if (/^(Queue limit reached|No connections available)/.test(error.message)) return 'exhausted'
  if (/^(Pool is closed|Cannot use a pool after calling end)/.test(error.message)) return 'closed'
  return 'failed'
}
