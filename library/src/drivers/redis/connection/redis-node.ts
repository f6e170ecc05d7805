import { ErrorReply } from '@redis/client'
import type { Clock } from '../../../base/clock.ts'
import { within } from '../../../base/deadline.ts'
import type { Patience } from './patience.ts'
import {
  openConnection,
  type RedisAccess,
  type RedisArgument,
  type RedisConnection,
  type RedisReply,
} from './redis-connection.ts'

/** How long things may take, ms. */
export interface RedisLimits {
  /** Connecting and handshake; also the silence of a stalled server before its connection is given up. */
  readonly connectMs: number
  readonly readMs: number
  readonly writeMs: number
}

export interface RedisNodeParts {
  readonly access: RedisAccess
  /** Host and port, for messages. */
  readonly place: string
  readonly limits: RedisLimits
  readonly clock: Clock
  readonly patience: Patience
  /** Told when it becomes available or away; the reason is undefined for available. */
  readonly onChange: (away: Error | undefined) => void
}

/**
 * One Redis server that may be away. A call waits for its own limit once; later ones fail at once until the server
 * answers again. The first call connects, and waits for that.
 */
export interface RedisNode {
  readonly place: string
  readonly isAvailable: boolean
  /** Connects where that was not begun yet; resolves when the first attempt has succeeded or failed. */
  start(): Promise<void>
  /**
   * Runs a command, after ASKING where a slot is on its way to this server.
   * @throws ErrorReply where Redis answered with an error, else another Error
   */
  run(args: readonly RedisArgument[], limitMs: number, asking?: boolean): Promise<RedisReply>
  /** A further connection to the same server, which is the caller's to close. */
  open(): Promise<RedisConnection>
  close(): Promise<void>
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting'; readonly started: Promise<void> }
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

export function redisNode(parts: RedisNodeParts): RedisNode {
  const { access, place, limits, clock, patience, onChange } = parts
  const stopping = new AbortController()
  let state: State = { kind: 'idle' }
  let keeping: Promise<void> = Promise.resolve()

  function enter(next: State): void {
    const before = state.kind
    state = next
    if (stopping.signal.aborted || next.kind === 'idle' || next.kind === 'starting') return
    if (next.kind === 'up') {
      if (before !== 'up') onChange(undefined)
    } else if (before === 'up' || before === 'starting') onChange(next.reason)
  }

  const open = () => openConnection({ access, limitMs: limits.connectMs, clock, signal: stopping.signal })

  async function attempt(): Promise<RedisConnection | undefined> {
    try {
      const connection = await open()
      if (stopping.signal.aborted) connection.close(closed())
      else enter({ kind: 'up', connection })
      return connection
    } catch (error) {
      enter({ kind: 'away', reason: asError(error) })
      return undefined
    }
  }

  function start(): Promise<void> {
    if (state.kind === 'starting') return state.started
    if (state.kind !== 'idle') return Promise.resolve()
    const first = attempt()
    const started = first.then(() => {})
    enter({ kind: 'starting', started })
    keeping = first.then(keepConnected)
    return started
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
      if (!(await within(answer, limits.connectMs, clock, () => false))) return connection.close(state.reason)
      if (clock.monotonicMs() - askedAt <= limits.readMs) return enter({ kind: 'up', connection })
      await clock.sleep(pauseMs(tries), stopping.signal)
    }
  }

  /** A stalled or lost connection is no place to wait; the very first one is. */
  async function connectionNow(limitMs: number): Promise<RedisConnection> {
    if (state.kind === 'idle' || state.kind === 'starting') {
      await patience.wait(start(), limitMs, () => new Error(`No connection was made within ${limitMs} ms.`))
    }
    if (state.kind === 'up') return state.connection
    throw state.kind === 'stalled' || state.kind === 'away' ? state.reason : closed()
  }

  async function run(args: readonly RedisArgument[], limitMs: number, asking = false): Promise<RedisReply> {
    const connection = state.kind === 'up' ? state.connection : await connectionNow(limitMs)
    // Sent in one go, so that no other command comes between the two.
    if (asking) connection.run(['ASKING']).catch(() => undefined)
    let reason: Error | undefined
    const late = () => {
      reason = new Error(`Redis did not answer ${String(args[0])} within ${limitMs} ms.`)
      return reason
    }
    try {
      return await patience.wait(connection.run(args), limitMs, late)
    } catch (error) {
      if (reason !== undefined && state.kind === 'up' && state.connection === connection) {
        enter({ kind: 'stalled', connection, reason })
        void probe(connection)
      }
      if (error instanceof ErrorReply && hopelessReply.test(error.message)) connection.close(error)
      throw error
    }
  }

  return {
    place,
    get isAvailable() {
      return state.kind === 'up'
    },
    start,
    run,
    open,
    close: async () => {
      stopping.abort()
      if (state.kind === 'up' || state.kind === 'stalled') state.connection.close(closed())
      await keeping
      enter({ kind: 'away', reason: closed() })
    },
  }
}

function closed(): Error {
  return new Error('Redis was closed.')
}

/** Doubles from attempt to attempt up to a cap, and is spread so that many processes do not come back in step. */
function pauseMs(failures: number): number {
  const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10))
  return longest * (0.5 + Math.random() / 2)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
