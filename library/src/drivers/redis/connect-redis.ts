import { ErrorReply } from '@redis/client'
import { Announcer } from '../../base/announcer.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { within } from '../../base/deadline.ts'
import { messageOf, RepriseError } from '../../base/reprise-error.ts'
import { openConnection, type RedisArgument, type RedisConnection, type RedisReply } from './redis-connection.ts'
import { parseRedisUrl } from './redis-url.ts'

export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS (further CAs by NODE_EXTRA_CA_CERTS). */
  readonly url: string
  /** Connecting and the handshake take this long at most; so does the silence of a stalled Redis before its connection is given up. Default 2000. */
  readonly connectTimeoutMs?: number
  /** How long a reading command waits at most. Default 100. */
  readonly commandTimeoutMs?: number
  /** How long a writing command waits at most. Default 250. */
  readonly writeTimeoutMs?: number
  readonly clock?: Clock
}

/** What subscribers learn of Redis coming and going. */
export interface RedisEvents {
  readonly available: { readonly awayMs: number }
  readonly away: { readonly reason: Error }
}

/** A Redis that may be away. Nothing here hangs: a call waits for its own small limit once, later ones fail at once until Redis answers again. */
export interface Redis {
  readonly isAvailable: boolean
  readonly events: Announcer<RedisEvents>
  /**
   * Runs a command; `kind` chooses its limit.
   * @throws RepriseError `copy_unavailable`; its cause is the ErrorReply where Redis answered with an error
   */
  run(kind: 'read' | 'write', args: readonly RedisArgument[]): Promise<RedisReply>
  /** Keys of one group may go together in one command or script. */
  groupOf(key: string): number
  /** Bytes that Redis uses, as its `used_memory` says. */
  usedMemory(): Promise<number>
  close(): Promise<void>
}

type State =
  | { readonly kind: 'up'; readonly connection: RedisConnection }
  /** A command took too long; until a probe is answered in time, calls fail at once. */
  | { readonly kind: 'stalled'; readonly connection: RedisConnection; readonly reason: Error }
  | { readonly kind: 'away'; readonly reason: Error }

const firstPauseMs = 50
const longestPauseMs = 2_000
/** A connection that held this long counts as a success; one that breaks sooner lengthens the next pause. */
const stableMs = 5_000
/** Answers after which another connection, perhaps to another server, has better prospects. */
const hopelessReply = /^(READONLY|LOADING|MASTERDOWN|NOAUTH)/

/**
 * Connects to Redis. Resolves once the first attempt has succeeded or failed; afterwards it reconnects by itself.
 * @throws RepriseError `invalid_setting` when the URL cannot be used; never because Redis is away
 * @example const redis = await connectRedis({ url: 'redis://127.0.0.1:6379' })
 */
export async function connectRedis(options: RedisOptions): Promise<Redis> {
  const { connectTimeoutMs = 2_000, commandTimeoutMs = 100, writeTimeoutMs = 250, clock = systemClock } = options
  const { url, place } = parseRedisUrl(options.url)
  const events = new Announcer<RedisEvents>()
  const stopping = new AbortController()
  let state: State = { kind: 'away', reason: new Error('No connection was made yet.') }
  let awaySinceMs = clock.monotonicMs()

  function enter(next: State): void {
    const before = state
    state = next
    if (stopping.signal.aborted) return
    if (before.kind === 'up' && next.kind !== 'up') {
      awaySinceMs = clock.monotonicMs()
      events.announce('away', { reason: next.reason })
    }
    if (before.kind !== 'up' && next.kind === 'up') {
      events.announce('available', { awayMs: clock.monotonicMs() - awaySinceMs })
    }
  }

  async function attempt(): Promise<RedisConnection | undefined> {
    try {
      const connection = await openConnection({ url, limitMs: connectTimeoutMs, clock })
      if (stopping.signal.aborted) connection.close(new Error('Redis was closed.'))
      else enter({ kind: 'up', connection })
      return connection
    } catch (error) {
      enter({ kind: 'away', reason: asError(error) })
      return undefined
    }
  }

  /** Keeps one connection open: waits for its end, pauses, opens the next. */
  async function keepConnected(first: RedisConnection | undefined): Promise<void> {
    let connection = first
    let failures = 0
    while (!stopping.signal.aborted) {
      if (connection !== undefined) {
        const openedAt = clock.monotonicMs()
        const reason = await connection.ended
        enter({ kind: 'away', reason })
        if (clock.monotonicMs() - openedAt >= stableMs) failures = 0
      }
      await clock.sleep(pauseMs(failures), stopping.signal)
      failures += 1
      if (!stopping.signal.aborted) connection = await attempt()
    }
  }

  /** Asks a stalled Redis until it answers as fast as a command should. Silence ends the connection, for the link may be dead. */
  async function probe(connection: RedisConnection): Promise<void> {
    for (let tries = 0; state.kind === 'stalled' && state.connection === connection; tries += 1) {
      const askedAt = clock.monotonicMs()
      const answer = connection.run(['PING']).then(
        () => true,
        () => false,
      )
      if (!(await within(answer, connectTimeoutMs, clock, () => false))) return connection.close(state.reason)
      if (clock.monotonicMs() - askedAt <= commandTimeoutMs) return enter({ kind: 'up', connection })
      await clock.sleep(pauseMs(tries), stopping.signal)
    }
  }

  async function run(kind: 'read' | 'write', args: readonly RedisArgument[]): Promise<RedisReply> {
    if (state.kind !== 'up') throw unavailable(place, state.reason)
    const { connection } = state
    const limitMs = kind === 'read' ? commandTimeoutMs : writeTimeoutMs
    const reply = connection.run(args)
    const tooLate = Symbol('late')
    try {
      const first = await within(reply, limitMs, clock, () => Promise.race([reply, oneTurn(tooLate)]))
      // The symbol is made here, so that whatever is not it is the reply.
      if (first !== tooLate) return first as RedisReply
    } catch (error) {
      if (error instanceof ErrorReply && hopelessReply.test(error.message)) connection.close(error)
      throw unavailable(place, asError(error))
    }
    const reason = new Error(`Redis did not answer ${String(args[0])} within ${limitMs} ms.`)
    if (state.kind === 'up' && state.connection === connection) {
      enter({ kind: 'stalled', connection, reason })
      void probe(connection)
    }
    throw unavailable(place, reason)
  }

  const keeping = keepConnected(await attempt())
  return {
    get isAvailable() {
      return state.kind === 'up'
    },
    events,
    run,
    groupOf: () => 0,
    usedMemory: async () => {
      const info = String(await run('read', ['INFO', 'memory']))
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0)
    },
    close: async () => {
      const reason = new Error('Redis was closed.')
      stopping.abort()
      if (state.kind !== 'away') state.connection.close(reason)
      await keeping
      enter({ kind: 'away', reason })
    },
  }
}

/** Doubles from attempt to attempt up to a cap, and is spread so that many processes do not come back in step. */
function pauseMs(failures: number): number {
  const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10))
  return longest * (0.5 + Math.random() / 2)
}

/** When the process itself was busy past a limit, the reply may lie unread in the socket: one turn of the event loop reads it. */
function oneTurn<Result>(result: Result): Promise<Result> {
  return new Promise(resolve => setImmediate(() => setImmediate(resolve, result)))
}

function unavailable(place: string, reason: Error): RepriseError {
  return new RepriseError('copy_unavailable', `Redis at ${place} cannot be used now: ${messageOf(reason)}`, {
    cause: reason,
    retryAfterSeconds: 1,
  })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
