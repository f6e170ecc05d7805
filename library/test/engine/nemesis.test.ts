import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Cache, createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { it, onTestFinished } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startProxy, type TcpProxy } from '../../../testbed/proxy.ts'
import { type RedisServer, startRedis } from '../../../testbed/redis.ts'
import { until } from './promises/scenario.ts'

const run = promisify(execFile)
const playMs = Number(process.env['REPRISE_NEMESIS_MS'] ?? 4_000)
const partitionGraceMs = 300
const keys = ['a', 'b', 'c', 'd']

interface Value {
  readonly version: number
}

interface Place {
  readonly server: RedisServer
  /** One before Redis for each cache. */
  readonly proxies: readonly TcpProxy[]
  cli(...args: readonly string[]): Promise<string>
}

/** Something that goes wrong for a while; resolves when it is over. */
type Fault = (place: Place, proxy: TcpProxy) => Promise<unknown>

const onTheWay: Readonly<Record<string, Fault>> = {
  'a link is cut': async (_, proxy) => proxy.cut(),
  'a link is refused for a while': async (_, proxy) => {
    await proxy.setRefusing(true)
    proxy.cut()
    await sleep(200)
    await proxy.setRefusing(false)
  },
  'a link is half-open': async (_, proxy) => {
    proxy.setHalfOpen(true)
    await sleep(300)
    proxy.setHalfOpen(false)
  },
  'a link is slow': async (_, proxy) => {
    proxy.setDelay(Math.random() < 0.5 ? 30 : 150)
    await sleep(300)
    proxy.setDelay(0)
  },
  'listeners are thrown out': ({ cli }) => cli('client', 'kill', 'type', 'pubsub'),
  'all connections are thrown out': ({ cli }) => cli('client', 'kill', 'type', 'normal'),
  'scripts are forgotten': ({ cli }) => cli('script', 'flush'),
  'Redis stalls': async ({ server }) => {
    server.pause()
    await sleep(200)
    server.resume()
  },
  'Redis pauses writes': ({ cli }) => cli('client', 'pause', '200', 'write'),
}

const inRedis: Readonly<Record<string, Fault>> = {
  ...onTheWay,
  'Redis is restarted with an older snapshot': async ({ server, cli }) => {
    await cli('save')
    await sleep(300)
    await server.restart()
  },
  'Redis is restarted empty': ({ server }) => server.restart({ empty: true }),
  'entries, tombstones and marks are evicted': ({ cli }) => cli('flushall'),
}

async function startPlace(): Promise<Place> {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  const proxies = await Promise.all([1, 2, 3].map(() => startProxy(server.port)))
  onTestFinished(async () => void (await Promise.all(proxies.map(proxy => proxy.stop()))))
  const cli = async (...args: readonly string[]) =>
    (await run('redis-cli', ['-p', `${server.port}`, ...args]).catch(() => ({ stdout: '' }))).stdout
  return { server, proxies, cli }
}

function cacheAt(proxy: TcpProxy): Cache {
  const tier = redis({ url: `redis://127.0.0.1:${proxy.port}`, connectTimeoutMs: 500 })
  const cache = createCache({ name: 'app', redis: tier, partitionGrace: partitionGraceMs, deadline: '20s' })
  onTestFinished(() => cache.close())
  return cache
}

/** What is known to be untrue: whatever is older than these versions. */
class Acknowledged {
  readonly #versions = new Map<string, number>()

  note(key: string, version: number): void {
    this.#versions.set(key, Math.max(version, this.of(key)))
  }

  of(key: string): number {
    return this.#versions.get(key) ?? 0
  }
}

/**
 * Readers and writers in three caches on links of their own, while faults come and go. A cache never serves what it
 * invalidated itself; none reads from Redis what a deletion removed that was answered `done`, unless Redis went back to an
 * older state; and when all is well again, none serves anything that was ever invalidated.
 */
async function play(faults: Readonly<Record<string, Fault>>, isRedisTrue: boolean): Promise<void> {
  const place = await startPlace()
  const caches = place.proxies.map(cacheAt)
  await until(() => caches.every(isWell), 'Redis is reached')
  const truth = new Map(keys.map(key => [key, 1]))
  const [removed, all] = [new Acknowledged(), new Acknowledged()]
  const own = new Map(caches.map(cache => [cache, new Acknowledged()]))
  const history: string[] = []
  const count = { reads: 0, hits: 0, invalidations: 0 }
  const end = performance.now() + playMs

  const load = (key: string) => async (): Promise<Value> => {
    const version = truth.get(key) ?? 0
    await sleep(Math.random() * 12)
    return { version }
  }
  const check = (got: Value | undefined, least: number, what: string) => {
    count.reads += 1
    if (got !== undefined) count.hits += 1
    const past = history.slice(-12).join('\n')
    assert.ok(got === undefined || got.version >= least, `${what}: ${got?.version} instead of ${least}\n${past}`)
  }
  const read = async (cache: Cache, key: string) => {
    const [mine, everybodys] = [own.get(cache)?.of(key) ?? 0, removed.of(key)]
    const dice = Math.random()
    const tags = { tags: ['all', `of ${key}`] }
    if (dice < 0.5) return check(await cache.getOrSet(key, load(key), tags), mine, `own ${key}`)
    if (dice < 0.7) return check(await cache.get(key), mine, `own ${key}`)
    const fromRedis = await cache.get<Value>(key, { skipMemory: true })
    check(fromRedis, isRedisTrue ? Math.max(mine, everybodys) : mine, `${key} from Redis`)
  }
  const write = async (cache: Cache, key: string) => {
    const version = (truth.get(key) ?? 0) + 1
    truth.set(key, version)
    const way = Math.random()
    const name = way < 0.6 ? 'delete' : way < 0.8 ? 'tag' : 'pattern'
    const begunAt = performance.now()
    const { redis: outcome } = await (way < 0.6
      ? cache.delete(key)
      : way < 0.8
        ? cache.invalidateTags([`of ${key}`])
        : cache.invalidatePattern(`${key}*`))
    const tookMs = Math.round(performance.now() - begunAt)
    history.push(
      `${Math.round(end - performance.now())}: ${name} ${key} ${version} by ${caches.indexOf(cache)}: ${outcome}, ${tookMs} ms`,
    )
    count.invalidations += 1
    own.get(cache)?.note(key, version)
    all.note(key, version)
    if (outcome === 'done' && name === 'delete') removed.note(key, version)
  }
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item
  const work = async () => {
    while (performance.now() < end) {
      await (Math.random() < 0.85 ? read : write)(pick(caches), pick(keys))
      await sleep(Math.random() * 8)
    }
  }
  const spoil = async () => {
    while (performance.now() < end) {
      const [name, fault] = pick(Object.entries(faults))
      const proxy = pick(place.proxies)
      history.push(`${Math.round(end - performance.now())}: ${name} (${place.proxies.indexOf(proxy)})`)
      await fault(place, proxy)
      await sleep(Math.random() * 300)
    }
  }
  await Promise.all([...Array.from({ length: 8 }, work), spoil()])
  await until(() => caches.every(isWell), 'all is well again')
  await sleep(partitionGraceMs + 200)
  for (const key of keys) {
    for (const cache of caches) {
      check(await cache.get(key), all.of(key), `${key} in the end`)
      check(await cache.get(key, { skipMemory: true }), all.of(key), `${key} in Redis in the end`)
    }
  }
  assert.ok(count.hits > 100 && count.invalidations > 20, JSON.stringify(count))
}

function isWell(cache: Cache): boolean {
  const { redis: tier, bus, queued } = cache.stats()
  return tier === 'up' && bus === 'listening' && queued === 0
}

describeWith(['redis-server', 'redis-cli'], '1 and 5 nothing outdated is served while links and Redis fail', () => {
  it('1 5 links that are cut, slow, half-open and refused, and a Redis that stalls', { timeout: playMs + 40_000 }, () =>
    play(onTheWay, true),
  )

  it(
    '1 5 a Redis that also forgets, restarts empty, or goes back to an older state',
    { timeout: playMs + 40_000 },
    () => play(inRedis, false),
  )
})
