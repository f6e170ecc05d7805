import { Announcer } from '../../../base/announcer.ts'
import type { Clock } from '../../../base/clock.ts'
import { patience } from './patience.ts'
import {
  type CommandKind,
  type Redis,
  type RedisEvents,
  type UnavailableCode,
  unavailable,
  usedMemoryOf,
} from './redis.ts'
import type { RedisAddress } from './redis-access.ts'
import type { RedisArgument, RedisReply } from './redis-connection.ts'
import { type RedisLimits, redisNode } from './redis-node.ts'

export interface StartableRedis extends Redis {
  /** Connects; resolves when the first attempt has succeeded or failed. */
  start(): Promise<void>
}

/** One Redis server. */
export function singleRedis(
  { access, place }: RedisAddress,
  limits: RedisLimits,
  clock: Clock,
  code: UnavailableCode,
): StartableRedis {
  const events = new Announcer<RedisEvents>()
  const waits = patience(clock)
  let awaySinceMs = clock.monotonicMs()
  const node = redisNode({
    access,
    place,
    limits,
    clock,
    patience: waits,
    onChange: reason => {
      if (reason === undefined) return events.announce('available', { awayMs: clock.monotonicMs() - awaySinceMs })
      awaySinceMs = clock.monotonicMs()
      events.announce('away', { reason })
    },
  })

  async function run(kind: CommandKind, args: readonly RedisArgument[]): Promise<RedisReply> {
    try {
      return await node.run(args, kind === 'read' ? limits.readMs : limits.writeMs)
    } catch (error) {
      throw unavailable(code, place, error)
    }
  }
  const master = { place, run }
  return {
    kind: 'single',
    get isAvailable() {
      return node.isAvailable
    },
    events,
    start: () => waits.wait(node.start(), limits.connectMs * 2, () => new Error('Connecting took too long.')),
    run,
    groupOf: () => 0,
    masters: async () => [master],
    placeOf: () => place,
    openFor: () => node.open(),
    usedMemory: () => usedMemoryOf([master]),
    close: () => node.close(),
  }
}
