import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Cache, createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { it, onTestFinished } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import { startProxy, type TcpProxy } from '../../../../testbed/proxy.ts'
import { type RedisServer, startRedis } from '../../../../testbed/servers/redis.ts'
import { playAgainst, usualPlayMs } from './play-against.ts'

const run = promisify(execFile)
const partitionGraceMs = 300
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

async function play(faults: Readonly<Record<string, Fault>>, isRedisTrue: boolean): Promise<void> {
  const place = await startPlace()
  const onAnyLink = Object.entries(faults).map(([name, fault]) => {
    const spoil = async () => {
      const link = Math.floor(Math.random() * place.proxies.length)
      const proxy = place.proxies[link]
      if (proxy !== undefined) await fault(place, proxy)
      return `link ${link}`
    }
    return [name, spoil] as const
  })
  const caches = place.proxies.map(cacheAt)
  const spoiling = Object.fromEntries(onAnyLink)
  await playAgainst({ caches, faults: spoiling, playMs: usualPlayMs, isRedisTrue, partitionGraceMs })
}

describeWith(['redis-server', 'redis-cli'], '1 and 5 nothing outdated is served while links and Redis fail', () => {
  it(
    '1 5 links that are cut, slow, half-open and refused, and a Redis that stalls',
    { timeout: usualPlayMs + 40_000 },
    () => play(onTheWay, true),
  )

  it(
    '1 5 a Redis that also forgets, restarts empty, or goes back to an older state',
    { timeout: usualPlayMs + 40_000 },
    () => play(inRedis, false),
  )
})
