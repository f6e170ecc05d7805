import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult, TransactionSettings } from 'kysely'
import { expected } from '../base/option-reading.ts'
import type { ConnectionWatch, SentStatement } from '../caches/query/connection-watch.ts'
import type { QueryCache } from '../caches/query/query-cache.ts'
import type { SqlDialect, TransactionControl } from '../sql/statement.ts'

type AcquireOptions = Parameters<Driver['acquireConnection']>[0]

/**
 * A Kysely dialect around another, so that cached queries learn the tables that they read, and writes drop what was read
 * from theirs when their transaction commits. (A plugin would not do: it never sees COMMIT.) For PostgreSQL and MySQL.
 * @throws RepriseError `invalid_option`
 * @example const db = new Kysely<Database>({ dialect: trackKysely(new PostgresDialect({ pool }), queries) })
 */
export function trackKysely(dialect: Dialect, queries: Pick<QueryCache, 'watch'>): Dialect {
  if (typeof queries?.watch !== 'function') throw expected('queries', 'what queryCache made', queries)
  if (typeof dialect?.createDriver !== 'function') throw expected('dialect', 'a dialect of Kysely', dialect)
  const language = languageOf(dialect)
  return {
    createDriver: () => new TrackedDriver(dialect.createDriver(), () => queries.watch(language)),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: db => dialect.createIntrospector(db),
  }
}

/** What a dialect can do tells which it is; its class may come from another copy of Kysely. */
function languageOf(dialect: Dialect): SqlDialect {
  const { supportsReturning, supportsTransactionalDdl } = dialect.createAdapter()
  if (supportsReturning && supportsTransactionalDdl) return 'postgres'
  if (!supportsReturning && !supportsTransactionalDdl) return 'mysql'
  throw expected('dialect', 'one for PostgreSQL or MySQL', dialect)
}

class TrackedDriver implements Driver {
  readonly #inner: Driver
  readonly #watch: () => ConnectionWatch
  readonly #tracked = new WeakMap<DatabaseConnection, TrackedConnection>()
  readonly savepoint?: NonNullable<Driver['savepoint']>
  readonly rollbackToSavepoint?: NonNullable<Driver['rollbackToSavepoint']>
  readonly releaseSavepoint?: NonNullable<Driver['releaseSavepoint']>

  constructor(inner: Driver, watch: () => ConnectionWatch) {
    this.#inner = inner
    this.#watch = watch
    const { savepoint, rollbackToSavepoint, releaseSavepoint } = inner
    // A driver that has none must go on having none.
    if (savepoint) {
      this.savepoint = (connection, name, compile) =>
        this.#control(connection, { kind: 'savepoint', name }, own => savepoint.call(inner, own, name, compile))
    }
    if (rollbackToSavepoint) {
      this.rollbackToSavepoint = (connection, name, compile) =>
        this.#control(connection, { kind: 'rollback_to', name }, own =>
          rollbackToSavepoint.call(inner, own, name, compile),
        )
    }
    if (releaseSavepoint) {
      this.releaseSavepoint = (connection, name, compile) =>
        this.#control(connection, { kind: 'release', name }, own => releaseSavepoint.call(inner, own, name, compile))
    }
  }

  init(options?: AcquireOptions): Promise<void> {
    return this.#inner.init(options)
  }

  async acquireConnection(options?: AcquireOptions): Promise<DatabaseConnection> {
    const own = await this.#inner.acquireConnection(options)
    const known = this.#tracked.get(own)
    if (known !== undefined) return known
    const tracked = new TrackedConnection(own, this.#watch())
    this.#tracked.set(own, tracked)
    return tracked
  }

  beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    return this.#control(connection, { kind: 'begin' }, own => this.#inner.beginTransaction(own, settings))
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#control(connection, { kind: 'commit' }, own => this.#inner.commitTransaction(own))
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#control(connection, { kind: 'rollback' }, own => this.#inner.rollbackTransaction(own))
  }

  releaseConnection(connection: DatabaseConnection, options?: AcquireOptions): Promise<void> {
    return this.#inner.releaseConnection(ownOf(connection), options)
  }

  destroy(options?: AcquireOptions): Promise<void> {
    return this.#inner.destroy(options)
  }

  #control(
    connection: DatabaseConnection,
    control: TransactionControl,
    work: (own: DatabaseConnection) => Promise<void>,
  ): Promise<void> {
    if (!(connection instanceof TrackedConnection)) return work(connection)
    return settle(connection.watch.sendControl(control), () => work(connection.own))
  }
}

class TrackedConnection implements DatabaseConnection {
  readonly own: DatabaseConnection
  readonly watch: ConnectionWatch
  readonly cancelQuery?: NonNullable<DatabaseConnection['cancelQuery']>
  readonly collectSessionInfo?: NonNullable<DatabaseConnection['collectSessionInfo']>
  readonly killSession?: NonNullable<DatabaseConnection['killSession']>

  constructor(own: DatabaseConnection, watch: ConnectionWatch) {
    this.own = own
    this.watch = watch
    if (own.cancelQuery) this.cancelQuery = own.cancelQuery.bind(own)
    if (own.collectSessionInfo) this.collectSessionInfo = own.collectSessionInfo.bind(own)
    if (own.killSession) this.killSession = own.killSession.bind(own)
  }

  async executeQuery<Row>(query: CompiledQuery, options?: AcquireOptions): Promise<QueryResult<Row>> {
    const sent = this.watch.send(query.sql)
    await sent.wait
    return settle(sent, () => this.own.executeQuery<Row>(query, options))
  }

  async *streamQuery<Row>(
    query: CompiledQuery,
    chunkSize: number,
    options?: AcquireOptions,
  ): AsyncIterableIterator<QueryResult<Row>> {
    const sent = this.watch.send(query.sql)
    await sent.wait
    let isOver = false
    try {
      yield* this.own.streamQuery<Row>(query, chunkSize, options)
      isOver = true
    } catch (error) {
      isOver = true
      await sent.failed(isRefusal(error))
      throw error
    } finally {
      // Left in the middle, it may have written what it was to write.
      if (!isOver) await sent.done()
    }
    await sent.done()
  }
}

async function settle<Result>(sent: SentStatement, work: () => Promise<Result>): Promise<Result> {
  let result: Result
  try {
    result = await work()
  } catch (error) {
    await sent.failed(isRefusal(error))
    throw error
  }
  await sent.done()
  return result
}

function ownOf(connection: DatabaseConnection): DatabaseConnection {
  return connection instanceof TrackedConnection ? connection.own : connection
}

/** Whether the server refused the statement, so that nothing came of it: PostgreSQL says how severe an error is. */
function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'severity') === 'ERROR'
}
