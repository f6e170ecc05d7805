import { Pool, type PoolClient, type PoolConfig } from 'pg'
import type { Clock } from '../../../base/clock.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type { AcquisitionOutcome } from '../../../ports/database-events.ts'
import { PostgresConnection } from './postgres-connection.ts'
import { isServerFull, unavailable } from './postgres-errors.ts'

const rememberFailureMs = 250
const maxWaiting = 10_000

export interface PostgresPoolOptions {
  readonly settings: PoolConfig
  readonly maxConnections: number
  readonly clock: Clock
  /** Called whenever a connection was taken or given back. */
  readonly onChange: (available: number) => void
  /** Called whenever a caller had its connection, or none. */
  readonly onAcquisition: (durationMs: number, outcome: AcquisitionOutcome) => void
}

/**
 * The connections to one server. While it is away, callers learn so at once: a failed connect is remembered for a
 * quarter of a second, then one caller tries again and the others wait for it no longer than that.
 */
export class PostgresPool {
  readonly #pool: Pool
  readonly #options: PostgresPoolOptions
  #taken = 0
  #failure: { readonly error: RepriseError; readonly atMs: number } | undefined
  #probe: Promise<unknown> | undefined

  constructor(options: PostgresPoolOptions) {
    this.#options = options
    this.#pool = new Pool({ ...options.settings, max: options.maxConnections })
    // An idle connection that the server ended; the pool has dropped it already.
    this.#pool.on('error', () => {})
  }

  /** @throws RepriseError `database_unavailable`, or `overloaded` when too many wait already */
  async take(): Promise<PostgresConnection> {
    if (this.#pool.waitingCount >= maxWaiting) {
      this.#options.onAcquisition(0, 'exhausted')
      throw new RepriseError('overloaded', `${maxWaiting} callers wait for a database connection already.`, {
        retryAfterSeconds: 1,
      })
    }
    const startedMs = performance.now()
    const client = await (this.#failure !== undefined && this.#isAway ? this.#retry() : this.#connect()).catch(
      error => {
        this.#options.onAcquisition(performance.now() - startedMs, outcomeOf(error))
        throw error
      },
    )
    this.#options.onAcquisition(performance.now() - startedMs, 'acquired')
    this.#change(1)
    return new PostgresConnection(client)
  }

  give(connection: PostgresConnection, keep: boolean): void {
    connection.release(keep)
    this.#change(-1)
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end()
  }

  /** Whether somebody waits for a connection while all are taken. */
  get isWaitedFor(): boolean {
    return this.#pool.waitingCount > 0
  }

  /** Whether a caller now would depend on a new connection, after one could not be made. */
  get #isAway(): boolean {
    const { idleCount, totalCount } = this.#pool
    return idleCount === 0 && (this.#taken === 0 || totalCount < this.#options.maxConnections)
  }

  async #retry(): Promise<PoolClient> {
    const { clock } = this.#options
    if (this.#probe !== undefined) await Promise.race([this.#probe, clock.sleep(rememberFailureMs)])
    const failure = this.#failure
    if (failure === undefined) return this.#connect()
    if (this.#probe !== undefined || clock.now() < failure.atMs + rememberFailureMs) throw failure.error
    const attempt = this.#connect()
    this.#probe = attempt
      .catch(() => {})
      .then(() => {
        this.#probe = undefined
      })
    return attempt
  }

  async #connect(): Promise<PoolClient> {
    try {
      const client = await this.#pool.connect()
      this.#failure = undefined
      return client
    } catch (cause) {
      const error = unavailable(cause)
      if (this.#isAway && !isServerFull(cause)) this.#failure = { error, atMs: this.#options.clock.now() }
      throw error
    }
  }

  #change(by: number): void {
    this.#taken += by
    this.#options.onChange(this.#options.maxConnections - this.#taken)
  }
}

/** Pg tells by messages whether the time was up, of waiting for a connection or of making one. */
function outcomeOf(error: unknown): AcquisitionOutcome {
  const cause = error instanceof RepriseError ? error.cause : error
  const isTimeout = cause instanceof Error && /timeout|ETIMEDOUT/.test(cause.message)
  return isTimeout ? 'timeout' : 'failed'
}
