import { replaceMethod } from '../pools/replace-method.ts'
import type { QueryWatch } from './query-watch.ts'

type Query = (this: object, config: unknown, values?: unknown, callback?: unknown) => unknown
type Callback = (error: unknown, result: unknown) => void

const observed = new WeakSet<object>()

/** A client of pg: `query` in all its forms, with promise or callback, prepared, by cursor or stream. */
export function observePgClient(client: object, watch: QueryWatch): void {
  if (observed.has(client)) return
  observed.add(client)
  replaceMethod<Query>(
    client,
    'query',
    own =>
      function query(config, values, callback) {
        if (isSubmittable(config)) {
          observeSubmittable(config, watch)
          return own.call(this, config, values, callback)
        }
        const text = textOf(config, this)
        const startedMs = watch.began()
        const answered: Callback = (error, result) => {
          if (error) watch.failed(text, startedMs, error)
          else watch.succeeded(text, startedMs, rowsOf(result))
        }
        const both = (told: Callback): Callback =>
          function tell(this: unknown, error, result) {
            answered(error, result)
            told.call(this, error, result)
          }
        if (typeof values === 'function') return own.call(this, config, both(values as Callback))
        if (typeof callback === 'function') return own.call(this, config, values, both(callback as Callback))
        const told: unknown =
          typeof config === 'object' && config !== null ? Reflect.get(config, 'callback') : undefined
        if (typeof told === 'function') return own.call(this, config, values, both(told as Callback))
        const promise: unknown = own.call(this, config, values, callback)
        if (!isThenable(promise)) return promise
        // The promise stays of the client's own kind.
        return promise.then(
          result => {
            answered(undefined, result)
            return result
          },
          error => {
            answered(error ?? new Error('failed'), undefined)
            throw error
          },
        )
      },
  )
}

interface Submittable {
  submit(...args: unknown[]): unknown
}

/** Cursors, streams, COPY and the like answer row by row: the client calls them, and they end with its readiness or an error. */
function observeSubmittable(submittable: Submittable, watch: QueryWatch): void {
  if (observed.has(submittable)) return
  observed.add(submittable)
  const text = textOf(submittable) || textOf(Reflect.get(submittable, 'cursor'))
  const startedMs = watch.began()
  let rows = 0
  let isOver = false
  const end = (error?: unknown) => {
    if (isOver) return
    isOver = true
    if (error === undefined) watch.succeeded(text, startedMs, rows)
    else watch.failed(text, startedMs, error)
  }
  const before = (method: string, look: (first: unknown) => void) => {
    if (typeof Reflect.get(submittable, method) !== 'function') return
    replaceMethod<(this: unknown, ...args: unknown[]) => unknown>(
      submittable,
      method,
      own =>
        function observe(...args) {
          look(args[0])
          return own.apply(this, args)
        },
    )
  }
  before('handleDataRow', () => {
    rows += 1
  })
  before('handleError', error => end(error ?? new Error('failed')))
  before('handleReadyForQuery', () => end())
}

function isSubmittable(config: unknown): config is Submittable {
  return typeof config === 'object' && config !== null && typeof Reflect.get(config, 'submit') === 'function'
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** The text of a query; of a prepared one that is named alone, the text that it was prepared with. */
function textOf(config: unknown, client?: object): string {
  if (typeof config === 'string') return config
  if (typeof config !== 'object' || config === null) return ''
  const { text, name } = config as { readonly text?: unknown; readonly name?: unknown }
  if (typeof text === 'string') return text
  if (client === undefined || typeof name !== 'string') return ''
  const prepared: unknown = (client as { connection?: { parsedStatements?: Record<string, unknown> } }).connection
    ?.parsedStatements?.[name]
  return typeof prepared === 'string' ? prepared : ''
}

/** Of a text of several statements pg answers a list of results. */
function rowsOf(result: unknown): number | undefined {
  if (Array.isArray(result)) return result.reduce<number>((sum, each) => sum + (rowsOf(each) ?? 0), 0)
  if (typeof result !== 'object' || result === null) return undefined
  const { rowCount } = result as { readonly rowCount?: unknown }
  return typeof rowCount === 'number' ? rowCount : undefined
}
