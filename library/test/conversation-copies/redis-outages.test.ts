import { setTimeout as sleep } from 'node:timers/promises'
import { parseGuestId, RepriseError } from 'reprise'
import { connectRedis, type RedisConversationCopies, redisConversationCopies } from 'reprise/redis'
import { expect, it, onTestFinished, vi } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { freePort } from '../../../testbed/free-port.ts'
import { startProxy, type TcpProxy } from '../../../testbed/proxy.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { appendOf, idAt } from './append-of.ts'

const guest = parseGuestId('web-7f3a')
/** What a busy machine may add to a limit. */
const slackMs = 150
const limits = { connectTimeoutMs: 500, commandTimeoutMs: 100, writeTimeoutMs: 100 }

async function open(url: string): Promise<RedisConversationCopies> {
  const copies = redisConversationCopies(await connectRedis({ url, ...limits }))
  onTestFinished(() => copies.close())
  return copies
}

async function redisServer(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}

async function proxyBefore(server: RedisServer): Promise<TcpProxy> {
  const proxy = await startProxy(server.port)
  onTestFinished(() => proxy.stop())
  return proxy
}

function append(copies: RedisConversationCopies, fromSequence: number, epoch = 0) {
  return copies.append([appendOf(guest, epoch, fromSequence, [`{"n":${fromSequence}}`])])
}

async function textOf(copies: RedisConversationCopies): Promise<string | undefined> {
  const [copy] = await copies.read([guest])
  return copy && Buffer.from(copy.json).toString()
}

/** How long a call takes to be refused. */
async function refusedAfterMs(call: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  const error = await call.then(
    () => undefined,
    error => error,
  )
  expect(error).toBeInstanceOf(RepriseError)
  expect((error as RepriseError).code).toBe('copy_unavailable')
  return performance.now() - startedAt
}

/** One call waits for its limit at most; then the breaker is open and a thousand more cost next to nothing. */
async function expectOpenBreaker(copies: RedisConversationCopies): Promise<void> {
  expect(await refusedAfterMs(copies.read([guest]))).toBeLessThan(limits.commandTimeoutMs + slackMs)
  expect(copies.isAvailable).toBe(false)
  const startedAt = performance.now()
  for (let count = 0; count < 1_000; count += 1) await refusedAfterMs(copies.read([guest]))
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  expect(await refusedAfterMs(append(copies, 0))).toBeLessThan(50)
  expect(await refusedAfterMs(copies.drop(guest, 1))).toBeLessThan(50)
  expect(await refusedAfterMs(copies.claimFill(guest))).toBeLessThan(50)
}

async function expectReturn(copies: RedisConversationCopies): Promise<void> {
  await vi.waitFor(() => expect(copies.isAvailable).toBe(true), { timeout: 8_000, interval: 10 })
}

describeWith(['redis-server'], 'B3 Redis away', () => {
  it('B3 is away at start: calls fail at once, and it is taken up by itself when it comes', async () => {
    const port = await freePort()
    const copies = await open(`redis://127.0.0.1:${port}`)
    expect(copies.isAvailable).toBe(false)
    expect(await refusedAfterMs(copies.read([guest]))).toBeLessThan(50)
    const returned = vi.fn()
    copies.onReturn(returned)
    await redisServer({ port })
    await expectReturn(copies)
    expect(returned).toHaveBeenCalledTimes(1)
    expect(await append(copies, 0)).toEqual(['appended'])
  })

  it('B3 stalls for a moment (SIGSTOP): one call waits, the rest fail at once, the connection is kept', async () => {
    const server = await redisServer()
    const proxy = await proxyBefore(server)
    const copies = await open(`redis://127.0.0.1:${proxy.port}`)
    await append(copies, 0)
    const returned = vi.fn()
    const end = copies.onReturn(returned)
    server.pause()
    await expectOpenBreaker(copies)
    server.resume()
    await expectReturn(copies)
    expect(proxy.accepted).toBe(1)
    expect(returned).toHaveBeenCalledTimes(1)
    end()
    expect(await textOf(copies)).toBe('[{"n":0}]')
  })

  it('B3 stalls for long: the silent connection is given up, and Redis taken up when it wakes', async () => {
    const server = await redisServer()
    const copies = await open(server.url)
    await append(copies, 0)
    server.pause()
    await expectOpenBreaker(copies)
    await sleep(limits.connectTimeoutMs * 3)
    expect(copies.isAvailable).toBe(false)
    server.resume()
    await expectReturn(copies)
    expect(await append(copies, 1)).toEqual(['appended'])
    expect(await textOf(copies)).toBe('[{"n":0},{"n":1}]')
  })

  it('B3 is killed and comes back empty: what was there is absent, a new guest begins', async () => {
    const server = await redisServer()
    const copies = await open(server.url)
    await append(copies, 0)
    await server.kill('SIGKILL')
    await expectOpenBreaker(copies)
    await server.restart({ empty: true })
    await expectReturn(copies)
    expect(await textOf(copies)).toBeUndefined()
    expect(await append(copies, 1)).toEqual(['absent'])
    expect(await append(copies, 0)).toEqual(['appended'])
  })

  it('B3 is killed with calls under way: each is refused, none hangs', async () => {
    const server = await redisServer()
    const copies = await open(server.url)
    server.pause()
    const calls = Array.from({ length: 50 }, () => refusedAfterMs(copies.read([guest])))
    await server.kill('SIGKILL')
    for (const tookMs of await Promise.all(calls)) expect(tookMs).toBeLessThan(limits.commandTimeoutMs + slackMs)
  })

  it('B3 comes back with an older snapshot: the copy says how old it is, and a fill mends it', async () => {
    const server = await redisServer()
    const copies = await open(server.url)
    const redis = await connectRedis({ url: server.url })
    onTestFinished(() => redis.close())
    await append(copies, 0)
    await redis.run('write', ['SAVE'])
    await append(copies, 1)
    await append(copies, 2)
    await server.kill('SIGKILL')
    await server.restart()
    await expectReturn(copies)
    expect((await copies.read([guest]))[0]?.nextSequence).toBe(1)
    expect(await append(copies, 3)).toEqual(['early'])
    const json = Buffer.from('[{"n":0},{"n":1},{"n":2},{"n":3}]')
    expect(await copies.fill(guest, { epoch: 0, nextSequence: 4, head: idAt(3), json })).toBe('filled')
    expect(await append(copies, 4)).toEqual(['appended'])
  })

  it('B3 loads a large snapshot: it is taken up once it has', async () => {
    // So many microseconds a key, and between keys it answers that it is loading.
    const slowly = ['--key-load-delay', '500', '--loading-process-events-interval-bytes', '1024']
    const server = await redisServer({ args: [...slowly, '--rdbcompression', 'no'] })
    const copies = await open(server.url)
    const redis = await connectRedis({ url: server.url })
    onTestFinished(() => redis.close())
    for (let key = 0; key < 1_500; key += 1) await redis.run('write', ['SET', `key-${key}`, 'x'.repeat(200)])
    await append(copies, 0)
    await redis.run('write', ['SAVE'])
    const restarting = server.restart()
    await vi.waitFor(() => expect(copies.isAvailable).toBe(false), { timeout: 2_000, interval: 1 })
    const reasons = new Set<string>()
    while (!copies.isAvailable) {
      await copies.read([guest]).catch(error => reasons.add(error.message))
      await sleep(5)
    }
    expect([...reasons].join()).toContain('LOADING')
    await restarting
    expect(await textOf(copies)).toBe('[{"n":0}]')
  })

  it('B3 answers too slowly: it is left alone until it is fast enough', async () => {
    const proxy = await proxyBefore(await redisServer())
    const copies = await open(`redis://127.0.0.1:${proxy.port}`)
    await append(copies, 0)
    proxy.setDelay(120)
    await expectOpenBreaker(copies)
    await sleep(600)
    expect(copies.isAvailable).toBe(false)
    proxy.setDelay(0)
    await expectReturn(copies)
    expect(await textOf(copies)).toBe('[{"n":0}]')
  })

  it('B3 hangs behind a half-open link: another connection is made when the link works', async () => {
    const proxy = await proxyBefore(await redisServer())
    const copies = await open(`redis://127.0.0.1:${proxy.port}`)
    proxy.setHalfOpen(true)
    await expectOpenBreaker(copies)
    await sleep(limits.connectTimeoutMs * 2)
    expect(copies.isAvailable).toBe(false)
    proxy.setHalfOpen(false)
    await expectReturn(copies)
    expect(await append(copies, 0)).toEqual(['appended'])
  })

  it('B3 loses its connections, then refuses new ones: it is taken up by itself', async () => {
    const proxy = await proxyBefore(await redisServer())
    const copies = await open(`redis://127.0.0.1:${proxy.port}`)
    await append(copies, 0)
    proxy.cut()
    await vi.waitFor(() => expect(copies.isAvailable).toBe(false), { timeout: 2_000, interval: 1 })
    await expectReturn(copies)
    await proxy.setRefusing(true)
    proxy.cut()
    await vi.waitFor(() => expect(copies.isAvailable).toBe(false), { timeout: 2_000, interval: 1 })
    await expectOpenBreaker(copies)
    await proxy.setRefusing(false)
    await expectReturn(copies)
    expect(await append(copies, 1)).toEqual(['appended'])
  })

  it('is out of memory: appends are refused, reads go on, and a drop still removes and fences', async () => {
    const server = await redisServer()
    const copies = await open(server.url)
    const redis = await connectRedis({ url: server.url })
    onTestFinished(() => redis.close())
    await append(copies, 0)
    await redis.run('write', ['CONFIG', 'SET', 'maxmemory', '100000'])
    await refusedAfterMs(append(copies, 1))
    expect(copies.isAvailable).toBe(true)
    expect(await textOf(copies)).toBe('[{"n":0}]')
    expect(await copies.drop(guest, 1)).toBe(true)
    expect(await textOf(copies)).toBeUndefined()
    await redis.run('write', ['CONFIG', 'SET', 'maxmemory', '0'])
    expect(await append(copies, 0)).toEqual(['fenced'])
    expect(await append(copies, 0, 1)).toEqual(['appended'])
  })

  it('has become a read-only replica: writes are refused, and another connection is made until it is the master', async () => {
    const server = await redisServer()
    const copies = await open(server.url)
    const redis = await connectRedis({ url: server.url })
    onTestFinished(() => redis.close())
    await append(copies, 0)
    await redis.run('write', ['REPLICAOF', '127.0.0.1', '1'])
    await refusedAfterMs(append(copies, 1))
    await vi.waitFor(() => expect(copies.isAvailable).toBe(false), { timeout: 2_000, interval: 1 })
    await redis.run('write', ['REPLICAOF', 'NO', 'ONE'])
    await expectReturn(copies)
    expect(await append(copies, 1)).toEqual(['appended'])
  })

  it('B2 refuses a wrong password without a word of it, and takes the right one', async () => {
    const server = await redisServer({ args: ['--requirepass', 'right-secret'] })
    const refused = await open(`redis://:wrong-secret@127.0.0.1:${server.port}`)
    const error = await refused.read([guest]).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(RepriseError)
    expect(String(error)).toMatch(/WRONGPASS|NOAUTH/)
    expect(String(error)).not.toContain('secret')
    const copies = await open(`redis://:right-secret@127.0.0.1:${server.port}/3`)
    expect(await append(copies, 0)).toEqual(['appended'])
  })

  it('refuses calls after it was closed, and closes at once while Redis is away', async () => {
    const server = await redisServer()
    const copies = await open(server.url)
    await copies.close()
    await refusedAfterMs(copies.read([guest]))
    const away = await open(`redis://127.0.0.1:${await freePort()}`)
    const startedAt = performance.now()
    await away.close()
    expect(performance.now() - startedAt).toBeLessThan(200)
  })

  it.each([['not a url'], ['http://127.0.0.1:6379'], ['redis://127.0.0.1:6379/first'], ['redis:///1']])(
    'refuses to start with the URL %s, and says what one looks like',
    async url => {
      const error = await connectRedis({ url }).catch((error: unknown) => error)
      expect(error).toMatchObject({ code: 'invalid_setting', field: 'REDIS_URL' })
      expect(String(error)).toContain('redis://127.0.0.1:6379')
    },
  )
})
