import type { Announcer } from '../../../base/announcer.ts'
import type { DatabaseEvents, PoolAlertKind } from '../../../ports/database-events.ts'
import type { PoolState } from '../metrics/database-metrics.ts'

/** An alert that is on ends where utilisation falls this far under its threshold, so that it does not flap. */
const calm = 0.8
/** … and not before it lasted this long, as a busy pool crosses its threshold many times a second. */
const shortestMs = 1_000

export interface PoolAlertOptions {
  readonly pool: string
  readonly read: () => PoolState | undefined
  readonly announcer: Announcer<DatabaseEvents>
  readonly alertAbove: number
}

/** What is the matter with a pool. */
export interface PoolWarning {
  readonly pool: string
  readonly alert: PoolAlertKind
  readonly sinceAt: number
  /** What is the matter and what to do, in words. */
  readonly advice: string
}

/** Notices by itself that a pool is nearly used up, or that its callers wait in vain; announces the beginning and the end. */
export class PoolAlerts {
  readonly #options: PoolAlertOptions
  readonly #since = new Map<PoolAlertKind, number>()
  #timeouts = 0
  #servedSinceTimeout = false
  #laterLook: NodeJS.Timeout | undefined

  constructor(options: PoolAlertOptions) {
    this.#options = options
  }

  /** Looks at the pool; called where it may have changed. */
  look(): void {
    const state = this.#options.read()
    if (state === undefined || state.size === 0) return
    if (this.#servedSinceTimeout && state.waiting === 0) this.#end('acquisition_timeout', state)
    const threshold = this.#options.alertAbove
    const utilisation = (state.size - state.available) / state.size
    // A pool of one is taken whenever it works: only those who wait make it a matter.
    if (state.size === 1 ? state.waiting > 0 : utilisation >= threshold) this.#raise('utilisation', state)
    else if (state.waiting === 0 && utilisation < threshold * calm) this.#end('utilisation', state)
  }

  /** Whether something is the matter, so that its end is to be looked for. */
  get isOn(): boolean {
    return this.#since.size > 0
  }

  timedOut(): void {
    this.#timeouts += 1
    this.#servedSinceTimeout = false
    const state = this.#options.read()
    if (state !== undefined) this.#raise('acquisition_timeout', state)
  }

  /** A caller has its connection: where nobody waits any more, nobody waits in vain. */
  acquired(): void {
    this.#servedSinceTimeout = true
    this.look()
  }

  get warnings(): readonly PoolWarning[] {
    const state = this.#options.read()
    if (state === undefined) return []
    this.look()
    return [...this.#since].map(([alert, sinceAt]) => {
      return { pool: this.#options.pool, alert, sinceAt, advice: this.#advice(alert, state) }
    })
  }

  #raise(alert: PoolAlertKind, state: PoolState): void {
    if (this.#since.has(alert)) return
    this.#since.set(alert, Date.now())
    this.#announce(alert, 'raised', state)
  }

  #end(alert: PoolAlertKind, state: PoolState): void {
    const sinceAt = this.#since.get(alert)
    if (sinceAt === undefined) return
    const restMs = sinceAt + shortestMs - Date.now()
    if (restMs > 0) {
      this.#lookIn(restMs)
      return
    }
    this.#since.delete(alert)
    this.#announce(alert, 'over', state)
    if (alert === 'acquisition_timeout') this.#timeouts = 0
  }

  #lookIn(delayMs: number): void {
    this.#laterLook ??= setTimeout(() => {
      this.#laterLook = undefined
      this.look()
    }, delayMs + 1).unref()
  }

  #announce(alert: PoolAlertKind, change: 'raised' | 'over', state: PoolState): void {
    const { announcer, pool } = this.#options
    announcer.announce('pool_alert', { pool, alert, change, ...state, advice: this.#advice(alert, state) })
  }

  #advice(alert: PoolAlertKind, { size, available, waiting }: PoolState): string {
    const level = `${size - available} of ${size} connections of the pool ${this.#options.pool} are taken, ${waiting} callers wait.`
    return alert === 'utilisation'
      ? `${level} Raise its maximum, or look for slow statements in db_query_duration_seconds and for connections that are not released.`
      : `${this.#timeouts} callers waited in vain for a connection. ${level} Raise the maximum or the time limit, look for connections that are not released, and see whether the server answers.`
  }
}
