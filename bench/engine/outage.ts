import { setTimeout as sleep } from 'node:timers/promises'
import { type Cache, createCache } from 'reprise'
import { redis as redisTier } from 'reprise/redis'
import { type RedisServer, startRedis } from '../../testbed/servers/redis.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'

const deadlineMs = 300
const loaderMs = 20
const addedMs = 50
const callers = 50
const callsAfter = 500
const waitingMs = 2

interface Outage {
  readonly name: string
  readonly begin: (server: RedisServer) => unknown
}

const outages: readonly Outage[] = [
  { name: 'stalled', begin: server => server.pause() },
  { name: 'killed', begin: server => server.kill() },
]

/** How long loads take when Redis is lost under them. */
export async function outageQuestion({ rounds }: Effort): Promise<Answer> {
  const found = []
  for (const outage of outages) {
    const played = []
    for (let round = 0; round < rounds; round += 1) played.push(await play(outage))
    const worstFirst = Math.max(...played.map(({ first }) => first))
    const worstAfter = Math.max(...played.map(({ after }) => after))
    const failed = played.reduce((sum, each) => sum + each.failed, 0)
    found.push({ name: outage.name, worstFirst, worstAfter, failed })
  }
  return {
    title: 'Redis is lost',
    method: `Loads of keys that are in no tier, the loader takes ${loaderMs} ms, the deadline is ${deadlineMs} ms: ${callers} callers at the moment that Redis is lost, then ${callsAfter}, one each ${waitingMs} ms. The worst of ${rounds} rounds.`,
    columns: ['Redis is', 'slowest of the first, ms', 'p99 afterwards, ms', 'failed calls'],
    rows: found.map(({ name, worstFirst, worstAfter, failed }) => [
      name,
      figure(worstFirst),
      figure(worstAfter),
      `${failed}`,
    ]),
    bars: found.flatMap(({ name, worstFirst, worstAfter, failed }) => [
      {
        promise: `${name}: at most the deadline before the breaker opens, and no call fails`,
        found: `${figure(worstFirst)} ms, ${failed} failed`,
        isMet: worstFirst <= deadlineMs && failed === 0,
      },
      {
        promise: `${name}: p99 at most ${loaderMs + addedMs} ms afterwards`,
        found: `${figure(worstAfter)} ms`,
        isMet: worstAfter <= loaderMs + addedMs,
      },
    ]),
  }
}

async function play(outage: Outage) {
  await using server = await startRedis()
  const cache = createCache({ name: 'bench', deadline: deadlineMs, redis: redisTier({ url: server.url }) })
  while (cache.stats().bus !== 'listening') await sleep(20)
  await cache.getOrSet('before', () => 'value')
  const keys = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`)
  await outage.begin(server)
  const first = await Promise.all(keys('first', callers).map(key => timed(cache, key)))
  const after: Promise<number | undefined>[] = []
  for (const key of keys('after', callsAfter)) {
    after.push(timed(cache, key))
    await sleep(waitingMs)
  }
  const times = await Promise.all(after)
  const sorted = times.filter(time => time !== undefined).sort((left, right) => left - right)
  server.resume()
  // Nothing is measured of its end.
  void cache.close()
  return {
    first: Math.max(...first.map(time => time ?? 0)),
    after: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    failed: [...first, ...times].filter(time => time === undefined).length,
  }
}

/** How long a load takes; undefined when it fails. */
async function timed(cache: Cache, key: string): Promise<number | undefined> {
  const startedAt = performance.now()
  try {
    await cache.getOrSet(key, () => sleep(loaderMs, key))
    return performance.now() - startedAt
  } catch {
    return undefined
  }
}
