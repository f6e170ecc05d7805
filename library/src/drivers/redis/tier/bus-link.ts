import type { Clock } from '../../../base/clock.ts'
import { within } from '../../../base/deadline.ts'
import type { Redis } from '../connection/redis.ts'
import type { RedisConnection } from '../connection/redis-connection.ts'
import { type Channel, channel } from './channel.ts'
import { firstNumber } from './first-number.ts'

export interface BusLinkParts {
  readonly redis: () => Redis
  /** How often the server is asked for the last numbers, and whether it is there. */
  readonly checkMs: number
  readonly clock: Clock
}

/** The channels of one group, heard over one connection that is opened again whenever it is lost. */
export interface BusLink {
  /** The channel of this key, heard from now on. */
  channel(key: string): Channel
  /** Lets a channel go that nobody listens to any more. */
  forget(key: string): Promise<void>
  readonly isEmpty: boolean
  close(): Promise<void>
}

/** How long a PING may take on the connection before the link counts as cut. */
const silenceMs = 1_000
/** So many checks in a row may fail before the connection is given up with them. */
const maxFailures = 3
const firstPauseMs = 20
const longestPauseMs = 1_000

export function busLink({ redis, checkMs, clock }: BusLinkParts): BusLink {
  const channels = new Map<string, Channel>()
  const stopping = new AbortController()
  let connection: RedisConnection | undefined
  let place: string | undefined
  let keeping: Promise<void> | undefined
  let heard = new Map<string, Channel>()

  async function keepHearing(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      const openedAt = clock.monotonicMs()
      const reason = await hearUntilLost().catch(asError)
      connection?.close(reason)
      connection = undefined
      if (stopping.signal.aborted) return
      for (const each of channels.values()) each.stopHearing(reason)
      if (clock.monotonicMs() - openedAt > longestPauseMs) failures = 0
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** failures)
      await clock.sleep(longest * (0.5 + Math.random() / 2), stopping.signal)
    }
  }

  /** Answers why hearing ended. */
  async function hearUntilLost(): Promise<Error> {
    const [key] = channels.keys()
    if (key === undefined) return new Error('Nobody listens.')
    // Asked first, so that a redirection leads to the server that has the channel.
    await numbersOf([...channels.keys()])
    place = redis().placeOf(key)
    const opened = await redis().openFor(key)
    connection = opened
    return Promise.race([opened.ended, check(opened)])
  }

  async function check(opened: RedisConnection): Promise<Error> {
    heard = new Map()
    let failures = 0
    while (connection === opened && !stopping.signal.aborted) {
      for (const each of [...channels.values()]) {
        if (heard.get(each.key) === each) continue
        heard.set(each.key, each)
        await opened.hear(each.key, redis().kind === 'cluster', each.take)
      }
      try {
        const missed = await missedBy(opened, [...channels.keys()])
        if (missed !== undefined) return missed
        failures = 0
      } catch (error) {
        failures += 1
        // Commands have limits far below what makes a connection bad.
        if (failures === maxFailures || ![...channels.values()].some(({ isHearing }) => isHearing)) throw error
      }
      await pause()
    }
    return new Error('The connection was replaced.')
  }

  let endPause = () => {}
  /** Waits for the next check, or until a channel is added. */
  async function pause(): Promise<void> {
    if ([...channels.values()].some(({ isHearing }) => !isHearing)) return
    const paused = new AbortController()
    endPause = () => paused.abort()
    await clock.sleep(checkMs, AbortSignal.any([paused.signal, stopping.signal]))
  }

  /**
   * Compares the numbers of the server with what was heard. Whatever was published before the numbers were read has been
   * sent to this connection, and the answer of a PING comes behind it.
   */
  async function missedBy(opened: RedisConnection, keys: readonly string[]): Promise<Error | undefined> {
    const before = keys.map(key => channels.get(key)?.lastNumber)
    if (keys.length === 0) return undefined
    const numbers = await numbersOf(keys)
    await within(opened.run(['PING']), silenceMs, clock, () => {
      throw new Error(`The connection was silent for ${silenceMs} ms.`)
    })
    const [first] = keys
    if (first !== undefined && redis().placeOf(first) !== place) return new Error('Another server has the channel now.')
    for (const [index, key] of keys.entries()) {
      const each = channels.get(key)
      const number = numbers[index]
      if (each === undefined || number === undefined) continue
      if (!each.isHearing) each.startHearing(number)
      else if (number < (before[index] ?? number) || number > (each.lastNumber ?? number)) {
        return new Error(`Message ${number} of the channel was missed.`)
      }
    }
    return undefined
  }

  /** The last numbers of channels. A channel begins at a random one, so that a lost number is never taken for the old one. */
  async function numbersOf(keys: readonly string[]): Promise<readonly number[]> {
    const reply = await redis().run('read', ['MGET', ...keys], keys[0])
    const numbers = Array.isArray(reply) ? reply : []
    return Promise.all(
      keys.map(async (key, index) => {
        if (numbers[index] !== null) return Number(String(numbers[index]))
        await redis().run('write', ['SET', key, `${firstNumber()}`, 'NX'], key)
        return Number(String(await redis().run('read', ['GET', key], key)))
      }),
    )
  }

  return {
    channel: key => {
      const known = channels.get(key)
      if (known !== undefined) return known
      const made = channel(key)
      channels.set(key, made)
      keeping ??= keepHearing()
      endPause()
      return made
    },
    forget: async key => {
      if (channels.get(key)?.listeners !== 0) return
      channels.delete(key)
      heard.delete(key)
      await connection?.stopHearing(key, redis().kind === 'cluster').catch(() => undefined)
    },
    get isEmpty() {
      return channels.size === 0
    },
    close: async () => {
      stopping.abort()
      connection?.close(new Error('The bus was closed.'))
      await keeping
    },
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
