import { AsyncLocalStorage } from 'node:async_hooks'
import { expected } from '../base/option-reading.ts'
import type { ConnectionWatch, SentStatement, StatementEnd } from '../caches/query/connection-watch.ts'
import type { QueryCache } from '../caches/query/query-cache.ts'
import { SendingOrder } from './sending-order.ts'

type Call = (...args: unknown[]) => unknown

/** What is called of a pool, inside: that of promises wraps one. */
interface CorePool {
  getConnection(callback: Call): unknown
  on(event: 'acquire', listener: (connection: unknown) => void): unknown
}

/** What is called of a connection, inside: all its statements go by `addCommand`, the prepared ones too. */
interface CoreConnection {
  addCommand(command: unknown): unknown
  on(event: 'end' | 'error', listener: () => void): unknown
}

/** A query or an execution of a prepared statement, as `mysql2` queues it. */
interface StatementCommand {
  onResult?: Call | undefined
  once(event: 'end' | 'error', listener: (error?: unknown) => void): unknown
}

const watched = new WeakMap<object, WeakSet<object>>()
/** SERVER_STATUS_IN_TRANS of the protocol. */
const inTransaction = 1

/**
 * Watches a pool or a connection of `mysql2`, with callbacks or promises, so that cached queries learn the tables that
 * they read, and committed writes drop what was read from theirs. The same pool or connection is answered, with the same
 * types; the answer to a write comes when what it made untrue is dropped. Each process that writes watches its own.
 * @throws RepriseError `invalid_option`
 * @example const pool = trackMysql(mysql.createPool(url), queries)
 */
export function trackMysql<Connections extends object>(
  connections: Connections,
  queries: Pick<QueryCache, 'watch'>,
): Connections {
  if (typeof queries?.watch !== 'function') throw expected('queries', 'what queryCache made', queries)
  // Those of promises hold one with callbacks.
  const cores = [connections, field(connections, 'pool'), field(connections, 'connection')]
  const pool = cores.find(isPool)
  const connection = cores.find(isConnection)
  if (connection !== undefined) watchConnection(connection, queries)
  else if (pool !== undefined) watchPool(pool, queries)
  else throw expected('connections', 'a pool or a connection of mysql2', connections)
  return connections
}

function watchPool(pool: CorePool, queries: Pick<QueryCache, 'watch'>): void {
  if (isKnown(pool, queries)) return
  const getConnection = pool.getConnection
  Object.defineProperty(pool, 'getConnection', {
    configurable: true,
    writable: true,
    // A waiting caller is called by whoever gives its connection back: it must find its own cached query then.
    value: (callback: Call) =>
      getConnection.call(
        pool,
        AsyncLocalStorage.bind((error: unknown, connection: unknown) => {
          // One that somebody had waited for is not announced by the pool.
          if (isConnection(connection)) watchConnection(connection, queries)
          callback(error, connection)
        }),
      ),
  })
}

function watchConnection(connection: CoreConnection, queries: Pick<QueryCache, 'watch'>): void {
  if (isKnown(connection, queries)) return
  const watch = queries.watch('mysql')
  const order = new SendingOrder()
  const addCommand = connection.addCommand
  connection.on('end', () => void watch.lost())
  connection.on('error', () => void watch.lost())
  Object.defineProperty(connection, 'addCommand', {
    configurable: true,
    writable: true,
    value: (command: unknown) => {
      const sent = sentBy(command, watch)
      // A command has a `then` that throws, so that nobody waits for it by mistake: it is not answered.
      order.send(sent?.wait, () => {
        addCommand.call(connection, command)
      })
      return command
    },
  })
}

/** The statement that a command is, if it is one. */
function sentBy(command: unknown, watch: ConnectionWatch): SentStatement | undefined {
  if (!isStatementCommand(command)) return undefined
  switch (command.constructor.name) {
    case 'Query':
    case 'Execute': {
      const text = field(command, 'sql') ?? field(field(command, 'statement'), 'query')
      return typeof text === 'string' ? watchCommand(command, watch.send(text)) : undefined
    }
    case 'ChangeUser':
    case 'ResetConnection':
      return watchCommand(command, watch.sendControl({ kind: 'rollback' }))
    default:
      return undefined
  }
}

function watchCommand(command: StatementCommand, sent: SentStatement): SentStatement {
  const { onResult } = command
  let isOver = false
  const over = (error: unknown, result: unknown): Promise<void> | undefined => {
    if (isOver) return undefined
    isOver = true
    return error ? sent.failed(isRefusal(error)) : sent.done(stateOf(result))
  }
  if (typeof onResult === 'function') {
    command.onResult = (error, result, ...rest) => {
      const dropped = over(error, result)
      if (dropped === undefined) onResult(error, result, ...rest)
      // What a callback throws stays uncaught, as without us.
      else void dropped.then(() => queueMicrotask(() => onResult(error, result, ...rest)))
    }
    // The result comes a little after the end. One that ends without any could not be prepared.
    command.once('end', () => {
      setImmediate(() => {
        if (isOver) return
        isOver = true
        void sent.failed(true)
      })
    })
    return sent
  }
  command.once('error', error => void over(error ?? true, undefined))
  command.once('end', () => void over(null, undefined))
  return sent
}

/** The server's own word, which comes with what is no list of rows. */
function stateOf(result: unknown): StatementEnd {
  const header: unknown = Array.isArray(result) ? result.at(-1) : result
  const status = field(header, 'serverStatus')
  return typeof status === 'number' ? { isInTransaction: (status & inTransaction) !== 0 } : {}
}

/** Whether the server refused the statement, and the connection goes on. */
function isRefusal(error: unknown): boolean {
  return typeof field(error, 'sqlState') === 'string' && field(error, 'fatal') !== true
}

function isKnown(connections: object, queries: object): boolean {
  const known = watched.get(connections) ?? new WeakSet()
  watched.set(connections, known)
  if (known.has(queries)) return true
  known.add(queries)
  return false
}

function isPool(given: unknown): given is CorePool {
  return (
    typeof field(given, 'getConnection') === 'function' &&
    typeof field(given, 'releaseConnection') === 'function' &&
    // That of promises has the same methods, and the one with callbacks inside.
    typeof field(field(given, 'pool'), 'getConnection') !== 'function'
  )
}

function isConnection(given: unknown): given is CoreConnection {
  return typeof field(given, 'addCommand') === 'function'
}

function isStatementCommand(given: unknown): given is StatementCommand {
  return typeof field(given, 'once') === 'function'
}

function field(of: unknown, name: string): unknown {
  return (typeof of === 'object' && of !== null) || typeof of === 'function' ? Reflect.get(of, name) : undefined
}
