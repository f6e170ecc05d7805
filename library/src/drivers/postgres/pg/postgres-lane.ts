import type { PostgresConnection } from './postgres-connection.ts'
import type { PostgresPool } from './postgres-pool.ts'

interface Taken {
  readonly connection: Promise<PostgresConnection>
  users: number
}

/**
 * One connection for work that overlaps: it is taken from the pool with the first, shared by all that come meanwhile, and
 * given back with the last. Once it is lost, whoever comes next takes another.
 */
export function postgresLane(pool: PostgresPool) {
  let current: Taken | undefined

  function leave(taken: Taken, connection: PostgresConnection): void {
    taken.users -= 1
    if (current === taken && (taken.users === 0 || connection.isLost)) current = undefined
    if (taken.users === 0) pool.give(connection, true)
  }

  return async <Result>(work: (connection: PostgresConnection) => Promise<Result>): Promise<Result> => {
    current ??= { connection: pool.take(), users: 0 }
    const taken = current
    taken.users += 1
    const connection = await taken.connection.catch(error => {
      if (current === taken) current = undefined
      throw error
    })
    try {
      return await work(connection)
    } finally {
      leave(taken, connection)
    }
  }
}
