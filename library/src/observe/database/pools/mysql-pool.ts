import type { PoolState } from '../metrics/database-metrics.ts'
import type { MysqlConnectCallback, MysqlPoolInside } from './pool-kind.ts'
import type { PoolWatch } from './pool-watch.ts'
import { replaceMethod } from './replace-method.ts'

type GetConnection = (this: MysqlPoolInside, callback: MysqlConnectCallback) => unknown

/**
 * A pool of mysql2 as it stands. It announces neither destroyed connections nor those handed from one caller to the next,
 * so that its own lists are read. Without a limit (`connectionLimit: 0`) its size is what is open.
 */
export function readMysqlPool(pool: MysqlPoolInside): PoolState | undefined {
  if (pool._closed) return undefined
  const open = pool._allConnections.length
  const size = pool.config.connectionLimit === 0 ? open : pool.config.connectionLimit
  const available = Math.max(0, size - open + pool._freeConnections.length)
  return { size, available, waiting: pool._connectionQueue.length }
}

/** Every caller passes `getConnection`, those of `pool.query` and of a pool of promises too. */
export function observeMysqlPool(pool: MysqlPoolInside, watch: PoolWatch): void {
  // When a connection breaks, the pool asks for another one in the name of a caller who waits, and who is counted already.
  const waiting = new WeakSet<object>()
  replaceMethod<GetConnection>(
    pool,
    'getConnection',
    own =>
      function getConnection(callback) {
        if (waiting.has(callback)) return own.call(this, callback)
        const startedMs = watch.began()
        const queue = this._connectionQueue
        const before = queue.length
        own.call(this, (error, connection) => {
          watch.ended(startedMs, error)
          callback(error, connection)
        })
        if (queue.length > before) {
          const queued = queue.get(queue.length - 1)
          if (typeof queued === 'function') waiting.add(queued)
        }
        watch.waits()
        return undefined
      },
  )
  pool.on('release', () => watch.givenBack())
  const watched = new WeakSet<object>()
  pool.on('connection', connection => {
    if (typeof connection !== 'object' || connection === null || watched.has(connection)) return
    watched.add(connection)
    // Called however it leaves the pool: destroyed, killed by the server, or too long idle.
    replaceMethod<(this: object) => unknown>(
      connection,
      '_removeFromPool',
      own =>
        function removeFromPool() {
          const result = own.call(this)
          watch.givenBack()
          return result
        },
    )
  })
}
