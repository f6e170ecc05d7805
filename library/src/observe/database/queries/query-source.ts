import type { EventEmitter } from 'node:events'
import { expected } from '../../../base/option-reading.ts'
import type { SqlDialect } from '../../../sql/statement.ts'
import { type KnownPool, poolKind } from '../pools/pool-kind.ts'
import { observeDialectQueries } from './kysely-queries.ts'
import { observeMysqlConnection } from './mysql-queries.ts'
import { observePgClient } from './pg-queries.ts'
import type { QueryWatch } from './query-watch.ts'

/** Where statements come from. */
export interface KnownQuerySource {
  readonly source: object
  readonly dialect: SqlDialect
  readonly begin: (watch: QueryWatch) => void
}

/**
 * Tells whose statements they are.
 * @throws RepriseError `invalid_option` where it is no pool, connection or dialect
 */
export function querySource(value: unknown, language: SqlDialect | undefined): KnownQuerySource {
  return connectionSource(value) ?? poolSource(poolKind(value), language)
}

function poolSource(known: KnownPool, language: SqlDialect | undefined): KnownQuerySource {
  if (known.kind === 'dialect') {
    const { dialect } = known
    const isMysql = /mysql/i.test(dialect.createAdapter().constructor.name)
    return {
      source: dialect,
      dialect: language ?? (isMysql ? 'mysql' : 'postgres'),
      begin: watch => observeDialectQueries(dialect, watch),
    }
  }
  const { pool } = known
  if (known.kind === 'pg') {
    const begin = (watch: QueryWatch) => {
      // Before those of the application, which may send statements themselves; those that are open come by `acquire`.
      for (const event of ['connect', 'acquire']) before(pool, event, client => observePgClient(client, watch))
    }
    return { source: pool, dialect: 'postgres', begin }
  }
  const begin = (watch: QueryWatch) => {
    before(pool, 'connection', connection => observeMysqlConnection(connection, watch))
    const open = known.pool._allConnections
    for (let index = 0; index < open.length; index += 1) {
      const connection = open.get(index)
      if (typeof connection === 'object' && connection !== null) observeMysqlConnection(connection, watch)
    }
  }
  return { source: pool, dialect: 'mysql', begin }
}

/** A single connection; undefined where it is none. */
function connectionSource(value: unknown): KnownQuerySource | undefined {
  if (typeof value !== 'object' || value === null)
    throw expected('pool', 'a pool or a connection of pg or mysql2', value)
  if (!('query' in value) || typeof value.query !== 'function') return undefined
  if ('connectionParameters' in value || 'activeQuery' in value)
    return { source: value, dialect: 'postgres', begin: watch => observePgClient(value, watch) }
  // One of promises lies over one of callbacks.
  const inner: unknown = 'connection' in value ? value.connection : value
  if (typeof inner !== 'object' || inner === null || !('addCommand' in inner)) return undefined
  return { source: inner, dialect: 'mysql', begin: watch => observeMysqlConnection(inner, watch) }
}

function before(pool: object, event: string, listener: (emitted: object) => void): void {
  // Both drivers' pools are emitters.
  ;(pool as EventEmitter).prependListener(event, (emitted: unknown) => {
    if (typeof emitted === 'object' && emitted !== null) listener(emitted)
  })
}
