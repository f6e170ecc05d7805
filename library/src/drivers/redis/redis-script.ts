import { hash } from 'node:crypto'
import { ErrorReply } from '@redis/client'
import type { Redis } from './connect-redis.ts'
import type { RedisArgument, RedisReply } from './redis-connection.ts'

/** A Lua script, carried out atomically inside Redis. */
export type RedisScript = (
  redis: Pick<Redis, 'run'>,
  keys: readonly string[],
  args: readonly RedisArgument[],
) => Promise<RedisReply>

/** A script is named by the hash of its text; its text is sent only to a Redis that does not know it (any more). */
export function redisScript(text: string): RedisScript {
  const name = hash('sha1', text)
  return async (redis, keys, args) => {
    const rest = [`${keys.length}`, ...keys, ...args]
    try {
      return await redis.run('write', ['EVALSHA', name, ...rest])
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return redis.run('write', ['EVAL', text, ...rest])
    }
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof ErrorReply && error.cause.message.startsWith('NOSCRIPT')
}
