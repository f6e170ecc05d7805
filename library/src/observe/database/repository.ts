import { expected, readNames } from '../../base/option-reading.ts'
import type { StatementLabels } from '../../ports/database-events.ts'
import { type ObserveQueriesOptions, observeQueries, watchOf } from './observe-queries.ts'
import { type MysqlPool, type PgPool, poolKind } from './pools/pool-kind.ts'

/** What a repository asks. */
export interface RepositoryQuery<Wanted extends 'one' | 'many' | 'count' = 'one' | 'many' | 'count'> {
  /** SQL with `$1` for `pg`, `?` for `mysql2`. */
  readonly text: string
  readonly values?: readonly unknown[]
  /** The labels by which the statement is counted. */
  readonly queryType: StatementLabels['queryType']
  readonly table: string
  /** `one`: the first row, or undefined. `many`: all rows. `count`: how many rows were changed. */
  readonly rows: Wanted
}

export interface Repository {
  executeQuery<Row>(query: RepositoryQuery<'one'>): Promise<Row | undefined>
  executeQuery<Row>(query: RepositoryQuery<'many'>): Promise<readonly Row[]>
  executeQuery(query: RepositoryQuery<'count'>): Promise<number>
}

/** A pool of `pg`, or of `mysql2` with promises or callbacks. */
export type RepositoryPool = PgPool | MysqlPool

const queryTypes = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'OTHER'])
const queryNames = new Set(['text', 'values', 'queryType', 'table', 'rows'])

interface Answered {
  readonly rows: readonly unknown[]
  readonly changed: number
}

/**
 * The base of an application's own repositories: runs statements on a pool, and counts each by the labels that its author
 * gives. Over a pool whose statements are observed already it counts nothing twice; over another it observes them.
 *
 * Errors of the database pass unchanged.
 * @throws RepriseError `invalid_option`
 * @example
 * const users = repository(pool, { registry })
 * const query = { text: 'SELECT * FROM users WHERE id = $1', values: [7], queryType: 'SELECT', table: 'users', rows: 'one' } as const
 * const ann = await users.executeQuery<User>(query)
 */
export function repository(pool: RepositoryPool, options: ObserveQueriesOptions): Repository {
  const ask = askOf(pool)
  if (watchOf(pool) === undefined) observeQueries(pool, options)
  const watch = watchOf(pool)

  async function executeQuery(query: RepositoryQuery): Promise<unknown> {
    readQuery(query)
    const { text, values = [], queryType, table, rows: wanted } = query
    watch?.name(text, { queryType, table })
    const { rows, changed } = await ask(text, values)
    if (wanted === 'one') return rows[0]
    return wanted === 'many' ? rows : changed
  }
  // What rows a statement answers is its author's word, as with every SQL client.
  return { executeQuery: executeQuery as Repository['executeQuery'] }
}

type Ask = (text: string, values: readonly unknown[]) => Promise<Answered>

interface Queried<Result> {
  query(text: string, values: readonly unknown[]): Promise<Result>
}

/** What the drivers answer is of these shapes, whatever their types of it. */
function askOf(pool: object): Ask {
  const { kind } = poolKind(pool)
  if (kind === 'pg') {
    const client = pool as Queried<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>
    return async (text, values) => {
      const { rows, rowCount } = await client.query(text, values)
      return { rows, changed: rowCount ?? 0 }
    }
  }
  if (kind === 'dialect') throw expected('pool', 'a pool of pg or mysql2 (with Kysely, its own queries serve)', pool)
  const promised: unknown = 'promise' in pool && typeof pool.promise === 'function' ? pool.promise() : pool
  const client = promised as Queried<readonly [unknown[] | { readonly affectedRows: number }]>
  return async (text, values) => {
    const [result] = await client.query(text, values)
    return Array.isArray(result) ? { rows: result, changed: result.length } : { rows: [], changed: result.affectedRows }
  }
}

function readQuery(query: RepositoryQuery): void {
  readNames(query, queryNames, 'executeQuery')
  const { text, values, queryType, table, rows } = query
  if (typeof text !== 'string' || text === '') throw expected('text', 'a statement', text)
  if (values !== undefined && !Array.isArray(values)) throw expected('values', 'a list', values)
  if (!queryTypes.has(queryType)) throw expected('queryType', 'SELECT, INSERT, UPDATE, DELETE or OTHER', queryType)
  if (typeof table !== 'string' || table === '') throw expected('table', 'the name of a table', table)
  if (!['one', 'many', 'count'].includes(rows)) throw expected('rows', '"one", "many" or "count"', rows)
}
