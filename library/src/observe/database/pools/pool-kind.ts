import { expected } from '../../../base/option-reading.ts'

/** A client of `pg`, as far as the pool's part looks at it. */
export interface PgClient {
  query(...args: unknown[]): unknown
}

/** A `Pool` of `pg`. */
export interface PgPool {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  connect(...args: never[]): unknown
}

/** A pool of `mysql2`, of callbacks or of promises. */
export interface MysqlPool {
  getConnection(...args: never[]): unknown
}

/** A dialect of Kysely; its driver is the pool. */
export interface PoolDialect {
  createDriver(): object
  createAdapter(): object
}

export type ObservablePool = PgPool | MysqlPool | PoolDialect

/** The same, with what drivers do not write into their types. */
export interface PgPoolInside extends PgPool {
  readonly options: { readonly max: number }
  readonly ended: boolean
  connect(callback?: PgConnectCallback): unknown
  on(event: 'connect' | 'acquire' | 'release' | 'remove', listener: (...args: unknown[]) => void): unknown
}

export type PgConnectCallback = (error: unknown, client: PgClient | undefined, release: unknown) => void

export interface MysqlPoolInside {
  readonly config: { readonly connectionLimit: number }
  readonly _allConnections: MysqlQueue
  readonly _freeConnections: MysqlQueue
  readonly _connectionQueue: MysqlQueue
  readonly _closed: boolean
  getConnection(callback: MysqlConnectCallback): unknown
  on(event: 'connection' | 'acquire' | 'release', listener: (...args: unknown[]) => void): unknown
}

export type MysqlConnectCallback = (error: unknown, connection?: object) => void

interface MysqlQueue {
  readonly length: number
  get(index: number): unknown
}

export type KnownPool =
  | { readonly kind: 'pg'; readonly pool: PgPoolInside }
  | { readonly kind: 'mysql2'; readonly pool: MysqlPoolInside }
  | { readonly kind: 'dialect'; readonly dialect: PoolDialect }

/**
 * Tells whose pool it is by what it can do, so that several copies of a driver in one process, and what extends its
 * classes, are known as well.
 * @throws RepriseError `invalid_option` where it is none
 */
export function poolKind(pool: unknown): KnownPool {
  if (typeof pool === 'object' && pool !== null) {
    if (has(pool, 'connect', 'query', 'on') && holds(pool, 'totalCount', 'number') && holds(pool, 'options', 'object'))
      // Seen to have what is asked of it; the numbers of a pool of pg are public.
      return { kind: 'pg', pool: pool as PgPoolInside }
    if (has(pool, 'getConnection')) return { kind: 'mysql2', pool: insideMysql(pool) }
    if (has(pool, 'createDriver', 'createAdapter')) return { kind: 'dialect', dialect: pool as PoolDialect }
  }
  const kysely = typeof pool === 'object' && pool !== null && has(pool, 'getExecutor', 'selectFrom')
  const hint = kysely ? ' (of a Kysely, observe the pool that its dialect is given, or the dialect)' : ''
  throw expected('pool', `a pool of pg or mysql2, or a dialect of Kysely${hint}`, pool)
}

/** A pool of promises lies over one of callbacks, where everything passes. */
function insideMysql(pool: object): MysqlPoolInside {
  const inner: unknown = holds(pool, 'pool', 'object') ? Reflect.get(pool, 'pool') : pool
  const known = ['_allConnections', '_freeConnections', '_connectionQueue', 'config']
  if (typeof inner === 'object' && inner !== null && known.every(field => holds(inner, field, 'object')))
    // These fields are as old as mysql2's pools; that they are here was just seen.
    return inner as MysqlPoolInside
  throw expected('pool', 'a pool of mysql2 3 (a PoolCluster is observed pool by pool)', pool)
}

function has(value: object, ...methods: readonly string[]): boolean {
  return methods.every(method => holds(value, method, 'function'))
}

function holds(value: object, field: string, type: 'function' | 'number' | 'object'): boolean {
  const held: unknown = Reflect.get(value, field)
  return typeof held === type && held !== null
}
