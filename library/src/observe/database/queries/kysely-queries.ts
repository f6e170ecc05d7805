import { replaceMethod } from '../pools/replace-method.ts'
import type { QueryWatch } from './query-watch.ts'

interface Compiled {
  readonly sql: string
}

interface Result {
  readonly rows?: readonly unknown[]
  readonly numAffectedRows?: bigint
}

type Acquire = (this: object, ...args: unknown[]) => Promise<object>
type Execute = (this: object, query: Compiled, ...args: unknown[]) => Promise<Result>
type Stream = (this: object, query: Compiled, ...args: unknown[]) => AsyncIterableIterator<Result>

const observed = new WeakSet<object>()

/** A dialect of Kysely: what its driver's connections execute and stream, whatever database is behind. */
export function observeDialectQueries(dialect: object, watch: QueryWatch): void {
  replaceMethod<(this: object) => object>(
    dialect,
    'createDriver',
    own =>
      function createDriver() {
        const driver = own.call(this)
        replaceMethod<Acquire>(
          driver,
          'acquireConnection',
          acquire =>
            async function acquireConnection(...args) {
              const connection = await acquire.apply(this, args)
              observeConnection(connection, watch)
              return connection
            },
        )
        return driver
      },
  )
}

function observeConnection(connection: object, watch: QueryWatch): void {
  if (observed.has(connection)) return
  observed.add(connection)
  replaceMethod<Execute>(
    connection,
    'executeQuery',
    own =>
      async function executeQuery(query, ...args) {
        const startedMs = watch.began()
        try {
          const result = await own.call(this, query, ...args)
          watch.succeeded(query.sql, startedMs, rowsOf(result))
          return result
        } catch (error) {
          watch.failed(query.sql, startedMs, error)
          throw error
        }
      },
  )
  replaceMethod<Stream>(
    connection,
    'streamQuery',
    own =>
      async function* streamQuery(query, ...args) {
        const startedMs = watch.began()
        let rows = 0
        let failure: { readonly error: unknown } | undefined
        try {
          for await (const result of own.call(this, query, ...args)) {
            rows += rowsOf(result)
            yield result
          }
        } catch (error) {
          failure = { error }
          throw error
        } finally {
          if (failure === undefined) watch.succeeded(query.sql, startedMs, rows)
          else watch.failed(query.sql, startedMs, failure.error)
        }
      },
  )
}

function rowsOf({ rows, numAffectedRows }: Result): number {
  return numAffectedRows === undefined ? (rows?.length ?? 0) : Number(numAffectedRows)
}
