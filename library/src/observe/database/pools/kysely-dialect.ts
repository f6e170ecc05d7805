import type { PoolState } from '../metrics/database-metrics.ts'
import type { PoolDialect } from './pool-kind.ts'
import type { PoolWatch } from './pool-watch.ts'
import { replaceMethod } from './replace-method.ts'

type Acquire = (this: object, ...args: unknown[]) => Promise<object>
type Release = (this: object, connection: object, ...args: unknown[]) => Promise<void>
type Destroy = (this: object, ...args: unknown[]) => Promise<void>

/** What is counted of a dialect's driver, whose pool stays hidden. */
export class DialectPool {
  readonly #size: number
  #asking = 0
  #isDestroyed = false
  readonly #taken = new Set<object>()

  constructor(size: number) {
    this.#size = size
  }

  read(): PoolState | undefined {
    if (this.#isDestroyed) return undefined
    const available = Math.max(0, this.#size - this.#taken.size)
    return { size: this.#size, available, waiting: Math.max(0, this.#asking - available) }
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
      destroyed: () => {
        this.#isDestroyed = true
      },
    }
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
    replaceMethod<Destroy>(
      driver,
      'destroy',
      own =>
        async function destroy(...args) {
          inside.destroyed()
          await own.apply(this, args)
        },
    )
    return driver
  }
}
