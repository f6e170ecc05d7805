import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { freePort } from '../../../testbed/free-port.ts'
import { startProxy } from '../../../testbed/proxy.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { key, listen, soon, tierOf } from './tier.ts'

const run = promisify(execFile)
const limits = { connectTimeoutMs: 500, commandTimeoutMs: 2_000, writeTimeoutMs: 2_000 }

async function redisServer(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}
const cli = async (server: RedisServer, ...args: string[]) =>
  (await run('redis-cli', ['-p', `${server.port}`, ...args])).stdout.trim()

describeWith(['redis-server', 'redis-cli'], 'the bus in Redis', () => {
  it('delivers every message of every process once, in the order of its publisher', async () => {
    const server = await redisServer()
    const [one, two] = [tierOf({ url: server.url, ...limits }), tierOf({ url: server.url, ...limits })]
    const ears = [listen(one, 'app'), listen(two, 'app')]
    for (const { told } of ears) await expect.poll(() => told, soon).toEqual(['(listening)'])
    const sent = Array.from({ length: 5_000 }, (_, index) => index)
    await Promise.all(sent.flatMap(n => [one.bus.publish('app', `one:${n}`), two.bus.publish('app', `two:${n}`)]))
    for (const { told } of ears) {
      await expect.poll(() => told.length, soon).toBe(1 + 2 * sent.length)
      for (const publisher of ['one', 'two']) {
        expect(told.filter(text => text.startsWith(publisher))).toEqual(sent.map(n => `${publisher}:${n}`))
      }
    }
  })

  it('keeps channels apart, takes any text, and says nothing after closing', async () => {
    const tier = tierOf({ url: (await redisServer()).url, ...limits })
    const [app, other] = [listen(tier, 'app'), listen(tier, 'other')]
    await expect.poll(() => [...app.told, ...other.told], soon).toEqual(['(listening)', '(listening)'])
    const texts = ['', ':', '5:x', 'grüß dich 👋\r\n\0', 'x'.repeat(100_000)]
    for (const text of texts) await tier.bus.publish('app', text)
    await expect.poll(() => app.told, soon).toEqual(['(listening)', ...texts])
    await app.close()
    await tier.bus.publish('app', 'too late')
    await tier.bus.publish('other', 'end')
    await expect.poll(() => other.told, soon).toEqual(['(listening)', 'end'])
    expect(app.told).toHaveLength(1 + texts.length)
    const again = listen(tier, 'app')
    await expect.poll(() => again.told, soon).toEqual(['(listening)'])
    await tier.bus.publish('app', 'heard again')
    await expect.poll(() => again.told, soon).toEqual(['(listening)', 'heard again'])
  })

  it('notices a message that passed it over, by the next one', async () => {
    const server = await redisServer()
    const tier = tierOf({ url: server.url, ...limits })
    const { told } = listen(tier, 'app')
    await expect.poll(() => told, soon).toEqual(['(listening)'])
    await tier.bus.publish('app', 'one')
    await cli(server, 'incr', 'reprise:bus:app')
    await tier.bus.publish('app', 'three')
    await expect.poll(() => told, soon).toEqual(['(listening)', 'one', '(deaf)', '(listening)', 'three'])
  })

  it.each([
    ['passed over', ['incr', 'reprise:bus:app']],
    ['forgotten with its number', ['del', 'reprise:bus:app']],
  ])('notices a message that was %s even when none follows', async (_, command) => {
    const server = await redisServer()
    const tier = tierOf({ url: server.url, ...limits })
    const { told } = listen(tier, 'app')
    await expect.poll(() => told, soon).toEqual(['(listening)'])
    await tier.bus.publish('app', 'one')
    await cli(server, ...command)
    await expect.poll(() => told, soon).toEqual(['(listening)', 'one', '(deaf)', '(listening)'])
    await tier.bus.publish('app', 'two')
    await expect.poll(() => told.at(-1), soon).toBe('two')
  })

  it('says nothing while nothing is amiss, however long', async () => {
    const tier = tierOf({ url: (await redisServer()).url, ...limits })
    const { told } = listen(tier, 'app')
    await sleep(3_500)
    expect(told).toEqual(['(listening)'])
  })

  it('is deaf from the loss of its connection until it hears again', async () => {
    const server = await redisServer()
    const tier = tierOf({ url: server.url, ...limits })
    const { told } = listen(tier, 'app')
    await expect.poll(() => told, soon).toEqual(['(listening)'])
    await cli(server, 'client', 'kill', 'type', 'pubsub')
    await expect.poll(() => told, soon).toEqual(['(listening)', '(deaf)', '(listening)'])
    await server.restart({ empty: true })
    await expect.poll(() => told, soon).toHaveLength(5)
    expect(told.slice(3)).toEqual(['(deaf)', '(listening)'])
    await tier.bus.publish('app', 'after')
    await expect.poll(() => told.at(-1), soon).toBe('after')
  })

  it('notices within seconds that the link was silently cut, or that Redis is stalled', async () => {
    const server = await redisServer()
    const proxy = await startProxy(server.port)
    onTestFinished(() => proxy.stop())
    const tier = tierOf({ url: `redis://127.0.0.1:${proxy.port}`, ...limits, commandTimeoutMs: 100 })
    const { told } = listen(tier, 'app')
    await expect.poll(() => told.at(-1), soon).toBe('(listening)')
    told.splice(0, told.length, '(listening)')
    proxy.setHalfOpen(true)
    await expect.poll(() => told, soon).toEqual(['(listening)', '(deaf)'])
    proxy.setHalfOpen(false)
    await expect.poll(() => told, soon).toEqual(['(listening)', '(deaf)', '(listening)'])
    server.pause()
    await expect.poll(() => told, soon).toHaveLength(4)
    server.resume()
    await expect.poll(() => told, soon).toHaveLength(5)
    expect(told.slice(3)).toEqual(['(deaf)', '(listening)'])
  })

  it('is deaf, once, while Redis is away at start', async () => {
    const port = await freePort()
    const tier = tierOf({ url: `redis://127.0.0.1:${port}`, ...limits })
    const { told } = listen(tier, 'app')
    await expect.poll(() => told, soon).toEqual(['(deaf)'])
    const late = listen(tier, 'app')
    await expect.poll(() => late.told, soon).toEqual(['(deaf)'])
    await sleep(300)
    expect(told).toEqual(['(deaf)'])
    await redisServer({ port })
    await expect.poll(() => told, soon).toEqual(['(deaf)', '(listening)'])
    expect(late.told).toEqual(['(deaf)', '(listening)'])
  })

  it('a listener that throws harms nobody', async () => {
    const tier = tierOf({ url: (await redisServer()).url, ...limits })
    const bad = tier.bus.subscribe('app', () => {
      throw new Error('A listener of bad manners.')
    })
    const { told } = listen(tier, 'app')
    await expect.poll(() => told, soon).toEqual(['(listening)'])
    await tier.bus.publish('app', 'one')
    await expect.poll(() => told, soon).toEqual(['(listening)', 'one'])
    await bad.close()
  })
})

describeWith(['redis-server', 'redis-cli'], 'leases in Redis', () => {
  it('are held by one of a crowd, over processes; the others learn for how long', async () => {
    const server = await redisServer()
    const tiers = Array.from({ length: 4 }, () => tierOf({ url: server.url, ...limits }))
    const asked = Array.from({ length: 100 }, (_, index) => tiers[index % 4]?.leases.acquire(key('k'), 10_000))
    const outcomes = await Promise.all(asked)
    expect(outcomes.filter(outcome => outcome?.kind === 'held')).toHaveLength(1)
    const busy = outcomes.find(outcome => outcome?.kind === 'busy')
    expect(busy?.kind === 'busy' && busy.leftMs > 5_000 && busy.leftMs <= 10_000).toBe(true)
  })

  it('tell at release whether somebody asked, and are lost once they ended', async () => {
    const server = await redisServer()
    const { leases } = tierOf({ url: server.url, ...limits })
    const held = async (lifeMs: number) => {
      const outcome = await leases.acquire(key('k'), lifeMs)
      if (outcome.kind !== 'held') throw new Error(outcome.kind)
      return outcome.lease
    }
    expect(await (await held(10_000)).release()).toBe('released')
    const asked = await held(10_000)
    await leases.acquire(key('k'), 10_000)
    await leases.acquire(key('k'), 10_000)
    expect(await asked.renew(20_000)).toBe('renewed')
    expect(Number(await cli(server, 'pttl', 'reprise:lease:app:k|'))).toBeGreaterThan(19_000)
    expect(await asked.release()).toBe('waited')
    expect(await asked.release()).toBe('lost')
    const short = await held(30)
    await sleep(60)
    const next = await held(10_000)
    expect([await short.renew(10_000), await short.release()]).toEqual(['lost', 'lost'])
    expect(await next.renew(10_000)).toBe('renewed')
  })

  it('are not kept from anybody by a foreign value, or one that never ends', async () => {
    const server = await redisServer()
    const { leases } = tierOf({ url: server.url, ...limits })
    await cli(server, 'rpush', 'reprise:lease:app:list|', 'x')
    await cli(server, 'set', 'reprise:lease:app:text|', 'x')
    for (const name of ['list', 'text']) expect((await leases.acquire(key(name), 1_000)).kind).toBe('held')
  })
})
