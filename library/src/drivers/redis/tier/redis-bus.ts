import type { Clock } from '../../../base/clock.ts'
import { type Gather, gather } from '../../../base/gather/gather.ts'
import type { Bus } from '../../../ports/bus.ts'
import type { Redis } from '../connection/redis.ts'
import { redisScript } from '../connection/redis-script.ts'
import { type BusLink, busLink } from './bus-link.ts'
import { firstNumber } from './first-number.ts'

export interface RedisBusParts {
  readonly redis: () => Redis
  readonly prefix: string
  readonly clock: Clock
  /** How often the server is asked for the last number of a channel. Default 1000. */
  readonly checkMs?: number
}

export interface RedisBus extends Bus {
  /** Ends all subscriptions without a word. */
  close(): Promise<void>
}

/**
 * Numbers messages and publishes them. A full Redis refuses INCR unless the script has changed something before, which
 * PERSIST may do. KEYS: the last number, under the channel's own name. ARGV: the command, where numbers begin, the
 * messages.
 */
const publishScript = redisScript(`
redis.call('PERSIST', KEYS[1])
for index = 3, #ARGV do
  local number = redis.call('INCR', KEYS[1])
  if number == 1 then
    number = tonumber(ARGV[2])
    redis.call('SET', KEYS[1], ARGV[2])
  end
  redis.call(ARGV[1], KEYS[1], string.format('%.0f:', number) .. ARGV[index])
end
return 1
`)

const maxMessagesPerCall = 128
const maxWaitingMessages = 20_000

/**
 * The bus over the pub/sub of Redis: the channel `<prefix>bus:<channel>`, and under the same name the number of its last
 * message. In a cluster channels are sharded: channel, number and listeners meet at one server.
 */
export function redisBus({ redis, prefix, clock, checkMs = 1_000 }: RedisBusParts): RedisBus {
  const links = new Map<number, BusLink>()
  const publishers = new Map<string, Gather<string, void>>()

  /** One call at a time for each channel, so that messages keep their order whatever happens to a call. */
  function publisher(key: string): Gather<string, void> {
    const known = publishers.get(key)
    if (known !== undefined) return known
    const made = gather<string, void>({
      run: async texts => {
        const command = redis().kind === 'cluster' ? 'SPUBLISH' : 'PUBLISH'
        await publishScript(redis(), [key], [command, `${firstNumber()}`, ...texts])
        return texts.map(() => undefined)
      },
      maxBatch: maxMessagesPerCall,
      maxRunning: 1,
      maxWaiting: maxWaitingMessages,
    })
    publishers.set(key, made)
    return made
  }

  return {
    publish: (channel, text) => publisher(`${prefix}bus:${channel}`)(text),
    subscribe: (channel, listener) => {
      const key = `${prefix}bus:${channel}`
      const group = redis().groupOf(key)
      const link = links.get(group) ?? busLink({ redis, checkMs, clock })
      links.set(group, link)
      const end = link.channel(key).add(listener)
      return {
        close: async () => {
          end()
          await link.forget(key)
          if (!link.isEmpty || links.get(group) !== link) return
          links.delete(group)
          await link.close()
        },
      }
    },
    close: async () => {
      const closing = [...links.values()]
      links.clear()
      await Promise.all(closing.map(link => link.close()))
    },
  }
}
