import type { PostgresServer } from '../../testbed/servers/postgres.ts'
import type { RedisServer } from '../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../testbed/servers/reprise.ts'
import type { Databases } from '../measure/databases.ts'
import type { Effort } from '../measure/effort.ts'

/** The real servers that everything runs on. */
export interface Arena {
  readonly postgres: PostgresServer
  readonly redis: RedisServer
  readonly databases: Databases
  readonly effort: Effort
}

/** Runs a freshly started Reprise on a copy of a template and an empty Redis, and takes both away again. */
export async function onFreshReprise<Result>(
  arena: Arena,
  template: string,
  settings: Readonly<Record<string, string>>,
  work: (server: RepriseServer) => Promise<Result>,
): Promise<Result> {
  await using database = await arena.databases.copy(template)
  await arena.redis.restart({ empty: true })
  await using server = await startReprise({
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.url,
    REDIS_URL: arena.redis.url,
    ...settings,
  })
  return await work(server)
}

/** The path of a script beside the questions. */
export function script(name: string): string {
  return new URL(name, import.meta.url).pathname
}
