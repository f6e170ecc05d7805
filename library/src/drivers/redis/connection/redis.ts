import type { Announcer } from '../../../base/announcer.ts'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'
import type { RedisArgument, RedisConnection, RedisReply } from './redis-connection.ts'

/** What subscribers learn of Redis coming and going. In a cluster: of all its masters together. */
export interface RedisEvents {
  readonly available: { readonly awayMs: number }
  readonly away: { readonly reason: Error }
}

/** Whether a command has the limit of reads or of writes. */
export type CommandKind = 'read' | 'write'

/** A server that answers for its own keys alone. */
export interface RedisMaster {
  /** Host and port. */
  readonly place: string
  run(kind: CommandKind, args: readonly RedisArgument[]): Promise<RedisReply>
}

/**
 * A Redis, or a Redis Cluster, that may be away. Nothing here hangs: a call waits for its own small limit once, later
 * ones fail at once until Redis answers again. In a cluster a node that is away harms its own keys alone.
 */
export interface Redis {
  readonly kind: 'single' | 'cluster'
  /** False while all calls would fail at once. */
  readonly isAvailable: boolean
  readonly events: Announcer<RedisEvents>
  /**
   * Runs a command; `kind` chooses its limit, `key` is the first of its keys, which lie in one group.
   * @throws RepriseError `copy_unavailable` or `store_unavailable`; its cause is the ErrorReply where Redis answered with an error
   */
  run(kind: CommandKind, args: readonly RedisArgument[], key?: string): Promise<RedisReply>
  /** Keys of one group may go together in one command or script: in a cluster those of one slot. */
  groupOf(key: string): number
  /** All servers that hold keys, as known after asking again. */
  masters(): Promise<readonly RedisMaster[]>
  /** Host and port of the server that has the key; undefined while nobody is known to. */
  placeOf(key: string): string | undefined
  /** A further connection to the server that has the key, which is the caller's to close. */
  openFor(key: string): Promise<RedisConnection>
  /** Bytes that Redis uses, as its `used_memory` says; of a cluster the sum over its masters. */
  usedMemory(): Promise<number>
  close(): Promise<void>
}

/** What errors are called: for copies of conversations, or for the tier of caches. */
export type UnavailableCode = 'copy_unavailable' | 'store_unavailable'

export function unavailable(code: UnavailableCode, place: string, reason: unknown): RepriseError {
  return new RepriseError(code, `Redis at ${place} cannot be used now: ${messageOf(reason)}`, {
    cause: reason,
    retryAfterSeconds: 1,
  })
}

/** The number of a line such as `used_memory:1048576` in an answer of INFO; 0 where it has none. */
export async function usedMemoryOf(masters: readonly RedisMaster[]): Promise<number> {
  const infos = await Promise.all(masters.map(master => master.run('read', ['INFO', 'memory'])))
  return infos.reduce((sum: number, info) => sum + Number(/^used_memory:(\d+)/m.exec(String(info))?.[1] ?? 0), 0)
}
