import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { RepriseError } from 'reprise'
import type { RedisTier } from 'reprise/redis'
import { expect, it, onTestFinished } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { freePort } from '../../../testbed/free-port.ts'
import { startProxy } from '../../../testbed/proxy.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import {
  entry,
  fenceOf,
  glob,
  inAMinute,
  key,
  mark,
  noFence,
  readOne,
  remove,
  set,
  soon,
  textOf,
  tierOf,
} from './tier.ts'

const run = promisify(execFile)
const limits = { connectTimeoutMs: 500, commandTimeoutMs: 100, writeTimeoutMs: 150 }
/** What a busy machine may add to a limit. */
const slackMs = 150

async function redisServer(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}

async function proxyBefore(server: RedisServer) {
  const proxy = await startProxy(server.port)
  onTestFinished(() => proxy.stop())
  return proxy
}

const cli = async (server: RedisServer, ...args: string[]) =>
  (await run('redis-cli', ['-p', `${server.port}`, ...args])).stdout.trim()

/** Every verb of store and leases answers unavailable within its limit; none throws or hangs. */
async function expectAway(tier: RedisTier, withinMs: number): Promise<void> {
  const startedAt = performance.now()
  const answers = await Promise.all([
    tier.store.read([key('a'), key('b')]).then(all => all[1]),
    readOne(tier, 'a'),
    tier.store.write([entry('a', 'x')]).then(all => all[0]),
    tier.store.write([entry('a', 'x', noFence)]).then(all => all[0]),
    tier.store.remove([key('a')], inAMinute()).then(all => all[0]),
    tier.store.marks([mark('a')], inAMinute()).then(all => all[0]),
    tier.store.renewMarks([{ name: mark('a'), mark: 'x' as never }], inAMinute()).then(all => all[0]),
    tier.leases.acquire(key('a'), 1_000),
  ])
  for (const answer of answers) expect(answer).toMatchObject({ kind: 'unavailable', reason: expect.any(RepriseError) })
  await expect(tier.bus.publish('app', 'x')).rejects.toMatchObject({ code: 'store_unavailable' })
  await expect(tier.store.life()).rejects.toThrow()
  const scanning = (async () => {
    for await (const _ of tier.store.scan(glob('*'))) expect(_).toEqual([])
  })()
  await expect(scanning).rejects.toThrow()
  expect(performance.now() - startedAt).toBeLessThan(withinMs)
}

async function expectReturn(tier: RedisTier): Promise<void> {
  await expect.poll(() => set(tier, 'back', 'x'), soon).toBe('stored')
  expect(await textOf(tier, 'back')).toBe('x')
  expect([...(await tier.store.life()).values()].join()).toMatch(/\w{40}/)
}

describeWith(['redis-server', 'redis-cli'], 'B3 the tier while Redis is away', () => {
  it('B3 away at start: making and calling it throws nothing, and it is taken up when it comes', async () => {
    const port = await freePort()
    const tier = tierOf({ url: `redis://127.0.0.1:${port}`, ...limits })
    await expectAway(tier, 1_000)
    const startedAt = performance.now()
    for (let count = 0; count < 1_000; count += 1) await readOne(tier, 'a')
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    await redisServer({ port })
    await expectReturn(tier)
  })

  it.each([
    ['SIGSTOP', (server: RedisServer) => server.pause(), (server: RedisServer) => server.resume()],
    [
      'CLIENT PAUSE',
      (server: RedisServer) => cli(server, 'client', 'pause', '30000', 'all'),
      // The one command that a paused server takes is not to be had: a new process stands for the end of the pause.
      (server: RedisServer) => server.restart(),
    ],
  ])('B3 stalled by %s: one limit is waited for, then nothing, until it answers again', async (_, stall, end) => {
    const server = await redisServer()
    const tier = tierOf({ url: server.url, ...limits })
    await set(tier, 'a', 'before')
    await stall(server)
    const startedAt = performance.now()
    expect((await readOne(tier, 'a')).kind).toBe('unavailable')
    expect(performance.now() - startedAt).toBeLessThan(limits.commandTimeoutMs + slackMs)
    await expectAway(tier, 300)
    await end(server)
    await expectReturn(tier)
  })

  it('B3 killed with calls under way and restarted empty: none hangs, what was there is nothing', async () => {
    const server = await redisServer()
    const tier = tierOf({ url: server.url, ...limits })
    await set(tier, 'a', 'before')
    const before = await tier.store.life()
    server.pause()
    const calls = Array.from({ length: 50 }, () => readOne(tier, 'a'))
    await server.kill()
    for (const reading of await Promise.all(calls)) expect(reading.kind).toBe('unavailable')
    await expectAway(tier, 500)
    await server.restart({ empty: true })
    await expectReturn(tier)
    expect(await readOne(tier, 'a')).toEqual({ kind: 'nothing', fence: noFence })
    expect(await tier.store.life()).not.toEqual(before)
  })

  it('B3 restarted with an older snapshot: its life tells, for what was removed is there again', async () => {
    const server = await redisServer()
    const tier = tierOf({ url: server.url, ...limits })
    await set(tier, 'a', 'old')
    await cli(server, 'save')
    const before = await tier.store.life()
    expect(await tier.store.life()).toEqual(before)
    await remove(tier, 'a')
    await server.restart()
    await expectReturn(tier)
    expect(await textOf(tier, 'a')).toBe('old')
    expect(await tier.store.life()).not.toEqual(before)
  })

  it('B3 too slow: it is left alone until it is fast enough', async () => {
    const proxy = await proxyBefore(await redisServer())
    const tier = tierOf({ url: `redis://127.0.0.1:${proxy.port}`, ...limits })
    await set(tier, 'a', 'x')
    proxy.setDelay(120)
    await readOne(tier, 'a')
    await expectAway(tier, 300)
    await sleep(500)
    await expectAway(tier, 300)
    proxy.setDelay(0)
    await expectReturn(tier)
  })

  it('B3 behind a half-open link: another connection is made when the link works', async () => {
    const proxy = await proxyBefore(await redisServer())
    const tier = tierOf({ url: `redis://127.0.0.1:${proxy.port}`, ...limits })
    await set(tier, 'a', 'x')
    proxy.setHalfOpen(true)
    await readOne(tier, 'a')
    await expectAway(tier, 300)
    await sleep(limits.connectTimeoutMs * 2)
    await expectAway(tier, 300)
    proxy.setHalfOpen(false)
    await expectReturn(tier)
  })

  it('full (OOM): writes and fills are refused, while reads, removals, marks, and the bus go on', async () => {
    const server = await redisServer()
    const tier = tierOf({ url: server.url, ...limits })
    await set(tier, 'a', 'x')
    const [known] = await tier.store.marks([mark('t')], inAMinute())
    const heard: string[] = []
    const subscription = tier.bus.subscribe('app', event =>
      heard.push(event.kind === 'message' ? event.text : event.kind),
    )
    await expect.poll(() => heard, soon).toEqual(['listening'])
    await cli(server, 'config', 'set', 'maxmemory', '100000')
    expect(await set(tier, 'b', 'x')).toBe('unavailable')
    expect(await set(tier, 'b', 'x', noFence)).toBe('unavailable')
    const refused = await tier.store.write([entry('b', 'x')])
    expect(refused[0]).toMatchObject({ kind: 'unavailable', reason: { message: expect.stringContaining('OOM') } })
    expect((await tier.leases.acquire(key('b'), 1_000)).kind).toBe('unavailable')
    expect(await textOf(tier, 'a')).toBe('x')
    expect(await remove(tier, 'a')).toBe('removed')
    expect(await set(tier, 'a', 'late', noFence)).toBe('fenced')
    expect(await tier.store.marks([mark('new'), mark('t')], inAMinute())).toEqual([expect.any(String), known])
    expect(await tier.store.renewMarks([{ name: mark('t'), mark: 'renewed' as never }], inAMinute())).toEqual([
      { kind: 'renewed' },
    ])
    expect(await tier.store.marks([mark('t')], inAMinute())).toEqual(['renewed'])
    await tier.bus.publish('app', 'while full')
    await expect.poll(() => heard, soon).toEqual(['listening', 'while full'])
    await subscription.close()
  })

  it('a read-only replica: writes are unavailable, and it is taken up again as master', async () => {
    const server = await redisServer()
    const tier = tierOf({ url: server.url, ...limits })
    await set(tier, 'a', 'x')
    const before = await tier.store.life()
    await cli(server, 'replicaof', '127.0.0.1', '1')
    for (const fence of [undefined, noFence]) expect(await set(tier, 'b', 'x', fence)).toBe('unavailable')
    await cli(server, 'replicaof', 'no', 'one')
    await expectReturn(tier)
    expect(await tier.store.life()).not.toEqual(before)
  })

  it('evicting: lost marks come back as others, lost entries and tombstones are nothing', async () => {
    const server = await redisServer({ args: ['--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-lru'] })
    const tier = tierOf({ url: server.url, ...limits })
    const [before] = await tier.store.marks([mark('t')], inAMinute())
    await set(tier, 'removed', 'x')
    await remove(tier, 'removed')
    const tombstone = await fenceOf(tier, 'removed')
    const isKept = async (place: string) => (await cli(server, 'exists', place)) === '1'
    const places = ['reprise:entry:app:removed|', 'reprise:mark:app#t:t']
    for (let round = 0; (await Promise.all(places.map(isKept))).includes(true); round += 1) {
      expect(round).toBeLessThan(300)
      const writes = Array.from({ length: 50 }, (_, index) => entry(`filler-${round}-${index}`, 'x'.repeat(2_000)))
      expect((await tier.store.write(writes)).every(({ kind }) => kind === 'stored')).toBe(true)
    }
    expect(await fenceOf(tier, 'removed')).toBe(noFence)
    expect(await set(tier, 'removed', 'late', tombstone)).toBe('fenced')
    expect((await tier.store.marks([mark('t')], inAMinute()))[0]).not.toBe(before)
  })

  it('wrong password: calls are unavailable without a word of it', async () => {
    const server = await redisServer({ args: ['--requirepass', 'right-secret'] })
    const tier = tierOf({ url: `redis://:wrong-secret@127.0.0.1:${server.port}`, ...limits })
    const reading = await readOne(tier, 'a')
    expect(reading).toMatchObject({
      kind: 'unavailable',
      reason: { message: expect.stringMatching(/WRONGPASS|NOAUTH/) },
    })
    expect(JSON.stringify(reading)).not.toContain('secret')
  })
})
