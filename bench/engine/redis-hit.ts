import { createClient } from '@redis/client'
import { createCache } from 'reprise'
import { redis as redisTier } from 'reprise/redis'
import { startRedis } from '../../testbed/servers/redis.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'

const keyCount = 1_000
const callers = 50
const batch = 100
const bar = 0.85
/** Each round is so many short ones, so that a moment in which the machine does something else harms all alike. */
const slices = 10

interface Contender {
  readonly name: string
  readonly callers: number
  readonly call: (from: number) => Promise<unknown>
  readonly rates: number[]
  /** Processor time of this thread for a call, µs. */
  readonly costs: number[]
}

/** Reads from Redis through a cache without memory, beside the bare client that it uses. */
export async function redisQuestion(effort: Effort): Promise<Answer> {
  await using server = await startRedis()
  const client = await createClient({ url: server.url }).connect()
  const cache = createCache({ name: 'bench', memory: false, redis: redisTier({ url: server.url }) })
  const keys = Array.from({ length: keyCount }, (_, index) => `user:${index}`)
  const value = { id: 7, name: 'Ada Lovelace', email: 'ada@example.com', tags: ['a', 'b', 'c'], active: true }
  while ((await cache.set('probe', value)).redis !== 'done') await new Promise(resolve => setTimeout(resolve, 50))
  for (const key of keys) {
    await cache.set(key, value)
    await client.set(key, JSON.stringify(value))
    await cache.set(`text:${key}`, JSON.stringify(value))
  }
  const keyAt = (from: number) => keys[from % keyCount] ?? ''
  const keysAt = (from: number) => Array.from({ length: batch }, (_, index) => keyAt(from + index))
  const contender = (name: string, callers: number, call: Contender['call']): Contender => ({
    name,
    callers,
    call,
    rates: [],
    costs: [],
  })
  const bareGet: Contender = contender('bare client, GET', callers, from => client.get(keyAt(from)))
  const get: Contender = contender('Reprise, get', callers, from => cache.get(keyAt(from)))
  const bareMget: Contender = contender(`bare client, MGET of ${batch}`, 1, from => client.mGet(keysAt(from)))
  const parsed: Contender = contender(`bare client, MGET of ${batch}, parsed`, 1, async from =>
    (await client.mGet(keysAt(from))).map(text => JSON.parse(text ?? 'null')),
  )
  const getMany: Contender = contender(`Reprise, getMany of ${batch}`, 1, from => cache.getMany(keysAt(from)))
  const getTexts: Contender = contender(`Reprise, getMany of ${batch} texts`, 1, from =>
    cache.getMany(keysAt(from).map(key => `text:${key}`)),
  )
  const contenders = [bareGet, get, bareMget, getTexts, parsed, getMany]
  const turns = contenders.map(each => () => measure(each, effort.seconds / 2 / slices))
  await inTurn(slices, turns)
  for (const { rates, costs } of contenders) {
    rates.length = 0
    costs.length = 0
  }
  await inTurn(effort.rounds * slices, turns)
  const { hits, misses } = cache.stats()
  await cache.close()
  client.destroy()
  return {
    title: 'A hit in Redis',
    method:
      `${keyCount} keys with objects of 110 bytes, memory switched off; ${hits} hits, ${misses} misses. MGET answers ` +
      'texts; beside it what parsing them takes, and what the cache takes for texts instead of objects.',
    columns: ['what', 'callers at once', 'calls a second', 'µs of processor time a call'],
    rows: contenders.map(({ name, callers, rates, costs }) => [
      name,
      `${callers}`,
      figure(median(rates), 0),
      figure(median(costs)),
    ]),
    bars: [barOf(get, bareGet), barOf(getMany, bareMget)],
  }
}

function barOf(own: Contender, bare: Contender) {
  const share = median(own.rates) / median(bare.rates)
  return { promise: `${own.name} at least ${bar} × ${bare.name}`, found: `${figure(share)} ×`, isMet: share >= bar }
}

async function measure({ callers, call, rates, costs }: Contender, seconds: number): Promise<void> {
  const before = process.threadCpuUsage()
  const startedAt = performance.now()
  const until = startedAt + seconds * 1000
  let calls = 0
  const caller = async (place: number) => {
    for (let from = place * 17; performance.now() < until; from += 1) {
      await call(from)
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, place) => caller(place)))
  const { user, system } = process.threadCpuUsage(before)
  rates.push((calls * 1000) / (performance.now() - startedAt))
  costs.push((user + system) / calls)
}
