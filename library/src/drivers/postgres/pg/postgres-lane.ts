import type { PostgresConnection } from './postgres-connection.ts'
import type { PostgresPool } from './postgres-pool.ts'

/** One connection while the lane has it. */
interface Stay {
  readonly connection: Promise<PostgresConnection>
  /** How many use it or wait for it. */
  users: number
  hasBegun: boolean
  readonly over: PromiseWithResolvers<void>
}

/**
 * One connection for work that overlaps: it is taken from the pool with the first, shared by all that come meanwhile, and
 * given back with the last. Where others wait for a connection of the pool, it is given back before, as soon as those who
 * use it are done; who comes then takes the next after them. Once it is lost, whoever comes next takes another.
 */
export function postgresLane(pool: PostgresPool) {
  let current: Stay | undefined

  function begin(after: Promise<void> | undefined): Stay {
    const connection = after === undefined ? pool.take() : after.then(() => pool.take())
    return { connection, users: 0, hasBegun: false, over: Promise.withResolvers() }
  }

  function join(): Stay {
    if (current === undefined) current = begin(undefined)
    else if (current.hasBegun && pool.isWaitedFor) current = begin(current.over.promise)
    current.users += 1
    return current
  }

  function leave(stay: Stay, connection: PostgresConnection | undefined): void {
    stay.users -= 1
    if (current === stay && (stay.users === 0 || connection === undefined || connection.isLost)) current = undefined
    if (stay.users > 0) return
    if (connection !== undefined) pool.give(connection, true)
    stay.over.resolve()
  }

  return async <Result>(work: (connection: PostgresConnection) => Promise<Result>): Promise<Result> => {
    const stay = join()
    let connection: PostgresConnection | undefined
    try {
      connection = await stay.connection
      stay.hasBegun = true
      return await work(connection)
    } finally {
      leave(stay, connection)
    }
  }
}
