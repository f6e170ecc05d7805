import { hash } from 'node:crypto'
import { ErrorReply } from '@redis/client'
import type { CommandKind, Redis } from './redis.ts'
import type { RedisArgument, RedisReply } from './redis-connection.ts'

/** A Lua script, carried out atomically inside Redis, on keys of one group. */
export type RedisScript = (
  redis: Pick<Redis, 'run'>,
  keys: readonly string[],
  args: readonly RedisArgument[],
) => Promise<RedisReply>

/**
 * A script is named by the hash of its text; its text is sent only to a Redis that does not know it (any more).
 * @param kind whose limit it has
 */
export function redisScript(text: string, kind: CommandKind = 'write'): RedisScript {
  const name = hash('sha1', text)
  return async (redis, keys, args) => {
    const rest = [`${keys.length}`, ...keys, ...args]
    try {
      return await redis.run(kind, ['EVALSHA', name, ...rest], keys[0])
    } catch (error) {
      if (!isRefusedAs('NOSCRIPT', error)) throw error
      return redis.run(kind, ['EVAL', text, ...rest], keys[0])
    }
  }
}

/** Whether Redis refused a command with an error that begins with this word. */
export function isRefusedAs(word: string, error: unknown): boolean {
  return error instanceof Error && error.cause instanceof ErrorReply && error.cause.message.startsWith(word)
}
