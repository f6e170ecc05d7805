import type { PoolState } from '../metrics/database-metrics.ts'
import type { PoolDialect } from './pool-kind.ts'
import type { PoolWatch } from './pool-watch.ts'
import { replaceMethod } from './replace-method.ts'

type Acquire = (this: object, ...args: unknown[]) => Promise<object>
type Release = (this: object, connection: object, ...args: unknown[]) => Promise<void>
type Start = (this: object, ...args: unknown[]) => Promise<void>

/** What is counted of a dialect's driver, whose pool stays hidden. */
export class DialectPool {
  readonly #size: number
  #asking = 0
  /** Drivers in use: each Kysely over the dialect has one, and so connections, of its own. Undefined before the first. */
  #drivers: number | undefined
  readonly #taken = new Set<object>()

  constructor(size: number) {
    this.#size = size
  }

  read(): PoolState {
    const size = this.#size * (this.#drivers ?? 1)
    const available = Math.max(0, size - this.#taken.size)
    return { size, available, waiting: Math.max(0, this.#asking - available) }
  }

  observe(dialect: PoolDialect, watch: PoolWatch): void {
    replaceMethod<(this: object) => object>(dialect, 'createDriver', own => {
      const observed = (driver: object) => this.#observeDriver(driver, watch)
      return function createDriver() {
        return observed(own.call(this))
      }
    })
  }

  #observeDriver(driver: object, watch: PoolWatch): object {
    const inside = {
      asked: (by: number) => {
        this.#asking += by
      },
      taken: this.#taken,
      count: (by: number) => {
        this.#drivers = (this.#drivers ?? 0) + by
      },
    }
    // Kysely starts a driver with its first query, and ends only one that was started.
    replaceMethod<Start>(
      driver,
      'init',
      own =>
        async function init(...args) {
          await own.apply(this, args)
          inside.count(1)
        },
    )
    replaceMethod<Acquire>(
      driver,
      'acquireConnection',
      own =>
        async function acquireConnection(...args) {
          const startedMs = watch.began()
          inside.asked(1)
          watch.waits()
          try {
            const connection = await own.apply(this, args)
            inside.asked(-1)
            inside.taken.add(connection)
            watch.ended(startedMs)
            return connection
          } catch (error) {
            inside.asked(-1)
            watch.ended(startedMs, error ?? 'failed')
            throw error
          }
        },
    )
    replaceMethod<Release>(
      driver,
      'releaseConnection',
      own =>
        async function releaseConnection(connection, ...args) {
          try {
            await own.call(this, connection, ...args)
          } finally {
            inside.taken.delete(connection)
            watch.givenBack()
          }
        },
    )
    replaceMethod<Start>(
      driver,
      'destroy',
      own =>
        async function destroy(...args) {
          inside.count(-1)
          await own.apply(this, args)
        },
    )
    return driver
  }
}
