import { createClient, RESP_TYPES, type RedisClientOptions } from '@redis/client'
import { type Clock, systemClock } from '../../../base/clock.ts'
import { within } from '../../../base/deadline.ts'

export type RedisArgument = string | Buffer
/** What Redis answers: texts of values as bytes, status words as strings. */
export type RedisReply = Buffer | string | number | null | readonly RedisReply[]

/** How a server is reached: what `createClient` of @redis/client takes, as far as it says where and as whom. */
export type RedisAccess = Pick<
  RedisClientOptions,
  'url' | 'socket' | 'username' | 'password' | 'credentialsProvider' | 'name' | 'database'
>

/**
 * One connection, from its handshake to its end. A lost one is never used again; a new one is opened. It does not keep
 * the process alive.
 */
export interface RedisConnection {
  run(args: readonly RedisArgument[]): Promise<RedisReply>
  /** Hears a channel from now on; `sharded` where the channel has a slot. A connection that hears runs PING alone. */
  hear(channel: string, sharded: boolean, listener: (text: string) => void): Promise<void>
  stopHearing(channel: string, sharded: boolean): Promise<void>
  /** Resolves with the reason when the connection has ended. */
  readonly ended: Promise<Error>
  close(reason: Error): void
}

export interface OpenOptions {
  readonly access: RedisAccess
  /** Connecting, handshake and a first answer together take this long at most. */
  readonly limitMs: number
  readonly clock?: Clock
  /** Gives the attempt up. */
  readonly signal?: AbortSignal
}

/** How many commands may be under way on a connection; past it the client refuses. */
const maxCommands = 20_000

/**
 * Every Redis and what hosted providers offer in its place speaks version 2, and nothing here needs version 3. The client
 * builds a class with all its commands for each `createClient`, in some 10 ms; duplicates of one client share it.
 */
let pattern: ReturnType<typeof createPattern> | undefined
const createPattern = () => createClient({ RESP: 2, maintNotifications: 'disabled' })

/** Opens a connection and waits until Redis answers on it: one that still loads its snapshot is not taken. */
export async function openConnection(options: OpenOptions): Promise<RedisConnection> {
  const { access, limitMs, clock = systemClock, signal } = options
  pattern ??= createPattern()
  const client = pattern.duplicate({
    ...access,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxCommands,
    // Time limits are ours; the client's own would leave a command in the queue of replies.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    socket: { ...access.socket, connectTimeout: limitMs, reconnectStrategy: false },
  })
  client.unref()
  let end: (reason: Error) => void = () => {}
  const ended = new Promise<Error>(resolve => {
    end = resolve
  })
  const close = (reason: Error) => {
    end(reason)
    client.destroy()
  }
  client.on('error', close)
  client.on('end', () => end(new Error('The connection was closed.')))
  const run = (args: readonly RedisArgument[]) => client.sendCommand<RedisReply>(args)

  const opening = client.connect().then(() => run(['PING']))
  const settled = new AbortController()
  const givenUp = new Promise<never>((_, reject) => {
    const give = () => reject(new Error('Redis was closed.'))
    if (signal?.aborted) give()
    else signal?.addEventListener('abort', give, { signal: settled.signal })
  })
  try {
    await within(Promise.race([opening, givenUp]), limitMs, clock, () => {
      throw new Error(`Redis did not answer within ${limitMs} ms.`)
    })
  } catch (error) {
    close(error instanceof Error ? error : new Error(String(error)))
    // A connection attempt that succeeds after all would otherwise stay open for nobody.
    opening.then(
      () => client.destroy(),
      () => undefined,
    )
    throw error
  } finally {
    settled.abort()
  }
  return {
    run,
    hear: (channel, sharded, listener) =>
      sharded ? client.sSubscribe(channel, listener) : client.subscribe(channel, listener),
    stopHearing: (channel, sharded) => (sharded ? client.sUnsubscribe(channel) : client.unsubscribe(channel)),
    ended,
    close,
  }
}
