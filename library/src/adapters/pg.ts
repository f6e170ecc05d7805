import { AsyncLocalStorage } from 'node:async_hooks'
import { expected } from '../base/option-reading.ts'
import type { SentStatement, StatementEnd } from '../caches/query/connection-watch.ts'
import type { QueryCache } from '../caches/query/query-cache.ts'
import { SendingOrder } from './sending-order.ts'

/** What is called of a client of `pg`. */
export interface PgClient {
  // Its overloads are many; they are passed through as they are.
  query(...args: never[]): unknown
  on(event: 'end', listener: () => void): unknown
}

/** What is called of a pool of `pg`. */
export interface PgPool {
  connect(...args: never[]): unknown
  on(event: 'acquire', listener: (client: never) => void): unknown
  readonly totalCount: number
}

type Call = (...args: unknown[]) => unknown

const watched = new WeakMap<object, WeakSet<object>>()

/**
 * Watches a pool or a client of `pg`, so that cached queries learn the tables that they read, and committed writes drop
 * what was read from theirs. The same pool or client is answered, with the same types; statements go the same way, and
 * the answer to a write comes when what it made untrue is dropped. Each process that writes watches its own.
 * @throws RepriseError `invalid_option`
 * @example const pool = trackPg(new Pool({ connectionString }), queries)
 */
export function trackPg<Connections extends PgPool | PgClient>(
  connections: Connections,
  queries: Pick<QueryCache, 'watch'>,
): Connections {
  if (typeof queries?.watch !== 'function') throw expected('queries', 'what queryCache made', queries)
  const given: unknown = connections
  if (isPool(given)) watchPool(given, queries)
  else if (isClient(given)) watchClient(given, queries)
  else throw expected('connections', 'a Pool or a Client of pg', connections)
  return connections
}

function watchPool(pool: PgPool, queries: Pick<QueryCache, 'watch'>): void {
  if (isKnown(pool, queries)) return
  // Any overload: what is passed is what came.
  const connect = pool.connect as Call
  Object.defineProperty(pool, 'connect', {
    configurable: true,
    writable: true,
    value: (...args: unknown[]) =>
      // A waiting caller is called by whoever gives its connection back: it must find its own cached query then.
      connect.apply(
        pool,
        args.map(arg => (typeof arg === 'function' ? AsyncLocalStorage.bind(arg as Call) : arg)),
      ),
  })
  pool.on('acquire', (client: unknown) => {
    if (isClient(client)) watchClient(client, queries)
  })
}

function watchClient(client: PgClient, queries: Pick<QueryCache, 'watch'>): void {
  if (isKnown(client, queries)) return
  const watch = queries.watch('postgres')
  const order = new SendingOrder()
  const query = client.query as Call
  const send = (args: unknown[]) => query.apply(client, args)
  client.on('end', () => void watch.lost())
  Object.defineProperty(client, 'query', {
    configurable: true,
    writable: true,
    value: (...args: unknown[]) => {
      const [config] = args
      const text = textOf(config)
      if (text === undefined) return send(args)
      const sent = watch.send(text)
      if (isSubmittable(config)) {
        sent.sentAtOnce()
        watchSubmittable(config, sent, client)
        return send(args)
      }
      const place = args.findLastIndex(arg => typeof arg === 'function')
      const callback = place > 0 ? args[place] : field(config, 'callback')
      if (typeof callback === 'function') {
        const told = (error: unknown, result: unknown) => {
          tell(end(sent, error, result, client), () => callback(error, result))
        }
        const changed = place > 0 ? args.with(place, told) : [{ ...Object(config), callback: told }, ...args.slice(1)]
        order.send(sent.wait, () => send(changed))
        return undefined
      }
      return settle(
        sent,
        order.send(sent.wait, () => send(args)),
        client,
      )
    },
  })
}

async function settle(sent: SentStatement, sending: unknown, client: PgClient): Promise<unknown> {
  try {
    const result = await sending
    await end(sent, null, result, client)
    return result
  } catch (error) {
    await end(sent, error, undefined, client)
    throw error
  }
}

function end(sent: SentStatement, error: unknown, result: unknown, client: PgClient): Promise<void> | undefined {
  const state: StatementEnd = { isInTransaction: isInTransaction(client) }
  if (error) return sent.failed(isRefusal(error), state)
  return sent.done({ ...state, isRolledBack: field(result, 'command') === 'ROLLBACK' })
}

/** Cursors, streams and queries of the application's own tell the driver's protocol when they are over. */
function watchSubmittable(given: object, sent: SentStatement, client: PgClient): void {
  let isOver = false
  const around = (name: string, over: (error: unknown) => void) => {
    const original = field(given, name)
    if (typeof original !== 'function') return
    Object.defineProperty(given, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => {
        const answer: unknown = original.apply(given, args)
        if (!isOver) {
          isOver = true
          over(args[0])
        }
        return answer
      },
    })
  }
  around('handleReadyForQuery', () => void end(sent, null, undefined, client))
  around('handleError', error => void end(sent, error ?? true, undefined, client))
}

/** Tells the caller, when there is nothing to wait for at once. What a callback throws stays uncaught, as without us. */
function tell(before: Promise<void> | undefined, callback: () => void): void {
  if (before === undefined) callback()
  else void before.then(() => queueMicrotask(callback))
}

function isKnown(connections: object, queries: object): boolean {
  const known = watched.get(connections) ?? new WeakSet()
  watched.set(connections, known)
  if (known.has(queries)) return true
  known.add(queries)
  return false
}

/** The server's own word; undefined where the driver does not pass it on. */
function isInTransaction(client: PgClient): boolean | undefined {
  const ask = field(client, 'getTransactionStatus')
  const status: unknown = typeof ask === 'function' ? ask.call(client) : undefined
  return typeof status === 'string' ? status !== 'I' : undefined
}

/** Whether the server refused the statement, so that nothing came of it. */
function isRefusal(error: unknown): boolean {
  return field(error, 'severity') === 'ERROR'
}

/** The text of a statement, however it was given: as a text, an object with one, a cursor or a query stream. */
function textOf(config: unknown): string | undefined {
  const text = typeof config === 'string' ? config : (field(config, 'text') ?? field(field(config, 'cursor'), 'text'))
  return typeof text === 'string' ? text : undefined
}

function isSubmittable(config: unknown): config is object {
  return typeof field(config, 'submit') === 'function'
}

function isPool(given: unknown): given is PgPool {
  return typeof field(given, 'connect') === 'function' && typeof field(given, 'totalCount') === 'number'
}

function isClient(given: unknown): given is PgClient {
  return typeof field(given, 'query') === 'function' && typeof field(given, 'on') === 'function'
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined
}
