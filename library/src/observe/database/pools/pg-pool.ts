import type { PoolState } from '../metrics/database-metrics.ts'
import type { PgConnectCallback, PgPoolInside } from './pool-kind.ts'
import type { PoolWatch } from './pool-watch.ts'
import { replaceMethod } from './replace-method.ts'

type Connect = (this: PgPoolInside, callback?: PgConnectCallback) => unknown

/**
 * A pool of pg as it stands. A connection that is being made is taken: by the caller who waits for it. An idle one is
 * handed over in the next tick, so that those who wait have taken it already.
 */
export function readPgPool(pool: PgPoolInside): PoolState | undefined {
  if (pool.ended) return undefined
  const size = pool.options.max
  const available = Math.max(0, size - pool.totalCount + pool.idleCount - pool.waitingCount)
  return { size, available, waiting: pool.waitingCount }
}

/** Every caller passes `connect`, those of `pool.query` too. */
export function observePgPool(pool: PgPoolInside, watch: PoolWatch): void {
  replaceMethod<Connect>(
    pool,
    'connect',
    own =>
      function connect(callback) {
        const startedMs = watch.began()
        if (typeof callback === 'function') {
          own.call(this, (error, client, release) => {
            watch.ended(startedMs, error)
            callback(error, client, release)
          })
          watch.waits()
          return undefined
        }
        // pg answers with a promise of the pool's own kind; what is answered here stays of that kind.
        const promise = own.call(this) as Promise<unknown>
        watch.waits()
        return promise.then(
          client => {
            watch.ended(startedMs)
            return client
          },
          (error: unknown) => {
            watch.ended(startedMs, error ?? 'failed')
            throw error
          },
        )
      },
  )
  const look = () => watch.givenBack()
  pool.on('release', look)
  pool.on('remove', look)
}
