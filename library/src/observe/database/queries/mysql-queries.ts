import { type EventEmitter, errorMonitor } from 'node:events'
import { replaceMethod } from '../pools/replace-method.ts'
import type { QueryWatch } from './query-watch.ts'

type Callback = (error: unknown, rows?: unknown, fields?: unknown) => void
type Query = (this: object, sql: unknown, values?: unknown, callback?: unknown) => unknown
type Prepare = (this: object, options: unknown, callback?: (error: unknown, statement?: Statement) => void) => unknown
type Execute = (this: object, parameters?: unknown, callback?: unknown) => unknown

interface Statement {
  readonly query: string
}

/** What mysql2 makes of a query: with a callback in `onResult`, or events. */
interface Command extends EventEmitter {
  readonly sql?: unknown
  onResult?: Callback | undefined
}

const observed = new WeakSet<object>()

/** A connection of mysql2, of callbacks: `query`, `execute` and prepared statements; promises and pools pass here too. */
export function observeMysqlConnection(connection: object, watch: QueryWatch): void {
  if (observed.has(connection)) return
  observed.add(connection)
  for (const method of ['query', 'execute'])
    replaceMethod<Query>(
      connection,
      method,
      own =>
        function query(sql, values, callback) {
          if (isCommand(sql)) {
            // A pool's own: its text is still without the values.
            const { onResult } = sql
            const text = textOf(sql)
            if (typeof onResult === 'function') sql.onResult = counting(watch, text, onResult)
            else observeEvents(watch, text, sql)
            return own.call(this, sql, values, callback)
          }
          const text = textOf(sql)
          if (typeof values === 'function') return own.call(this, sql, counting(watch, text, values as Callback))
          if (typeof callback === 'function')
            return own.call(this, sql, values, counting(watch, text, callback as Callback))
          return observeEvents(watch, text, own.call(this, sql, values))
        },
    )
  replaceMethod<Prepare>(
    connection,
    'prepare',
    own =>
      function prepare(options, callback) {
        if (typeof callback !== 'function') return own.call(this, options, callback)
        return own.call(this, options, (error, statement) => {
          if (statement !== undefined) observeStatement(statement, watch)
          callback(error, statement)
        })
      },
  )
}

/** Statements are kept by their connection, and prepared anew the same one is given. */
function observeStatement(statement: Statement, watch: QueryWatch): void {
  if (observed.has(statement)) return
  observed.add(statement)
  replaceMethod<Execute>(
    statement,
    'execute',
    own =>
      function execute(parameters, callback) {
        const { query } = statement
        if (typeof parameters === 'function') return own.call(this, counting(watch, query, parameters as Callback))
        if (typeof callback === 'function')
          return own.call(this, parameters, counting(watch, query, callback as Callback))
        return observeEvents(watch, query, own.call(this, parameters))
      },
  )
}

function counting(watch: QueryWatch, text: string, told: Callback): Callback {
  const startedMs = watch.began()
  // mysql2 calls back twice where a connection breaks while a statement is being prepared.
  let isOver = false
  return function tell(this: unknown, error, rows, fields) {
    if (!isOver) {
      isOver = true
      if (error) watch.failed(text, startedMs, error)
      else watch.succeeded(text, startedMs, rowsOf(rows, fields))
    }
    told.call(this, error, rows, fields)
  }
}

/** Without a callback rows come as events. Errors are seen without being taken: nobody else's `error` goes unheard. */
function observeEvents<Made>(watch: QueryWatch, text: string, command: Made): Made {
  if (!isCommand(command)) return command
  const startedMs = watch.began()
  let rows = 0
  let failure: unknown
  let isOver = false
  const end = () => {
    if (isOver) return
    isOver = true
    if (failure === undefined) watch.succeeded(text, startedMs, rows)
    else watch.failed(text, startedMs, failure)
  }
  command.on('result', (row: unknown) => {
    rows += changedBy(row) ?? 1
  })
  command.once(errorMonitor, error => {
    failure = error ?? new Error('failed')
    // A broken connection ends its commands without `end`.
    process.nextTick(end)
  })
  command.once('end', end)
  return command
}

function isCommand(value: unknown): value is Command {
  return typeof value === 'object' && value !== null && 'onResult' in value && 'emit' in value
}

function textOf(sql: unknown): string {
  if (typeof sql === 'string') return sql
  if (typeof sql !== 'object' || sql === null) return ''
  const text: unknown = Reflect.get(sql, 'sql')
  return typeof text === 'string' ? text : ''
}

/** Rows of one result, or of each where a text of several statements, or a procedure, answered several. */
function rowsOf(rows: unknown, fields: unknown): number | undefined {
  const several = Array.isArray(rows) && Array.isArray(fields) && fields.length > 0
  if (several && fields.some(each => each === undefined || Array.isArray(each)))
    return rows.reduce<number>((sum, each) => sum + (rowsOf(each, undefined) ?? 0), 0)
  return Array.isArray(rows) ? rows.length : changedBy(rows)
}

function changedBy(header: unknown): number | undefined {
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined
  const { affectedRows, fieldCount } = header as { readonly affectedRows?: unknown; readonly fieldCount?: unknown }
  return typeof affectedRows === 'number' && fieldCount === 0 ? affectedRows : undefined
}
