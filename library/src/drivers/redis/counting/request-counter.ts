import { gather } from '../../../base/gather/gather.ts'
import type { RequestCount, RequestCounter } from '../../../ports/request-counter.ts'
import type { Redis } from '../connection/redis.ts'
import { redisScript } from '../connection/redis-script.ts'

/** KEYS: the count of a caller. ARGV: how many more, the window in ms. A key without an end is given one. */
const countScript = redisScript(`
local requests = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return {requests, left}
`)

interface Counting {
  readonly caller: string
  readonly windowMs: number
}

/**
 * Counts requests in Redis, under `reprise:requests:{caller}`, for all servers that share it. Those of one tick go
 * together, and those of one caller among them in one call.
 * @example const { requests, leftMs } = await redisRequestCounter(redis).count('192.0.2.7', 60_000)
 */
export function redisRequestCounter(redis: Pick<Redis, 'run'>): RequestCounter {
  const count = gather<Counting, RequestCount>({ run: countAll, maxBatch: 512, maxRunning: 8, maxWaiting: 20_000 })

  async function countAll(batch: readonly Counting[]): Promise<readonly RequestCount[]> {
    const callers = Map.groupBy(batch, ({ caller }) => caller)
    const answers = await Promise.all(
      [...callers].map(async ([caller, { length, 0: first }]) => {
        const reply = await countScript(redis, [`reprise:requests:{${caller}}`], [`${length}`, `${first?.windowMs}`])
        const [requests = 0, leftMs = 0] = Array.isArray(reply) ? reply.map(Number) : []
        return [caller, { before: requests - length, leftMs }] as const
      }),
    )
    const counted = new Map(answers)
    const nth = new Map<string, number>()
    return batch.map(({ caller }) => {
      const place = (nth.get(caller) ?? 0) + 1
      nth.set(caller, place)
      const { before = 0, leftMs = 0 } = counted.get(caller) ?? {}
      return { requests: before + place, leftMs }
    })
  }

  return { count: (caller, windowMs) => count({ caller, windowMs }) }
}
