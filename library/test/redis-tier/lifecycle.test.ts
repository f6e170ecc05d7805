import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createClient } from '@redis/client'
import { redis } from 'reprise/redis'
import { expect, it, onTestFinished } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { freePort } from '../../../testbed/free-port.ts'
import { startProxy } from '../../../testbed/proxy.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { set, soon, textOf, tierOf } from './tier.ts'

const run = promisify(execFile)

async function redisServer(): Promise<RedisServer> {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  return server
}

/** What a program of its own prints that uses the tier and never closes it, and how long it lives after its last line. */
async function program(url: string, body: string): Promise<{ readonly printed: string; readonly lingeredMs: number }> {
  const text = `
    import { redis } from 'reprise/redis'
    const tier = redis({ url: ${JSON.stringify(url)} })
    ${body}
    console.log('@' + Date.now())`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text], { timeout: 10_000 })
  const endedAt = Date.now()
  const [printed = '', at = ''] = stdout.trim().split('@')
  return { printed: printed.trim(), lingeredMs: endedAt - Number(at) }
}

const useAll = `
  tier.bus.subscribe('app', () => {})
  const until = Date.now() + 60000
  const [written] = await tier.store.write([{ key: 'app:a|', bytes: Buffer.from('x'), keepUntil: until, fence: undefined }])
  const [read] = await tier.store.read(['app:a|'])
  const lease = await tier.leases.acquire('app:a|', 60000)
  console.log(written.kind, read.kind, lease.kind)`

describeWith(['redis-server'], 'the life of a tier in Redis', () => {
  it('starts nothing before its first use', async () => {
    const server = await redisServer()
    const proxy = await startProxy(server.port)
    onTestFinished(() => proxy.stop())
    const url = `redis://127.0.0.1:${proxy.port}`
    expect((await program(url, '')).printed).toBe('')
    expect(proxy.accepted).toBe(0)
  })

  it('lets a program end by itself, whether Redis answers, is away, or is stalled', async () => {
    const server = await redisServer()
    const up = await program(server.url, useAll)
    expect(up.printed).toBe('stored entry held')
    expect(up.lingeredMs).toBeLessThan(1_000)
    const away = await program(`redis://127.0.0.1:${await freePort()}`, useAll)
    expect(away.printed).toBe('unavailable unavailable unavailable')
    expect(away.lingeredMs).toBeLessThan(1_000)
    server.pause()
    const stalled = await program(server.url, useAll)
    expect(stalled.printed).toBe('unavailable unavailable unavailable')
    expect(stalled.lingeredMs).toBeLessThan(1_000)
  })

  it('closes its connections when its last user has gone, and opens them for the next', async () => {
    const server = await redisServer()
    const proxy = await startProxy(server.port)
    onTestFinished(() => proxy.stop())
    const tier = redis({ url: `redis://127.0.0.1:${proxy.port}` })
    const [first, second] = [tier.use(), tier.use()]
    const told: string[] = []
    tier.bus.subscribe('app', event => told.push(event.kind))
    // On a busy machine it may say first that it hears nothing yet.
    await expect.poll(() => told.at(-1), soon).toBe('listening')
    told.length = 0
    expect(await set(tier, 'a', 'x')).toBe('stored')
    expect(proxy.connections).toBe(2)
    await first()
    await first()
    expect(await textOf(tier, 'a')).toBe('x')
    await second()
    await expect.poll(() => proxy.connections, soon).toBe(0)
    expect(told).toEqual([])
    const third = tier.use()
    expect(await textOf(tier, 'a')).toBe('x')
    await third()
    await expect.poll(() => proxy.connections, soon).toBe(0)
  })

  it('takes over the settings of a given client, and leaves the client alone', async () => {
    const server = await startRedis({ args: ['--requirepass', 'right-secret'] })
    onTestFinished(() => server.stop())
    const client = createClient({ url: `redis://:right-secret@127.0.0.1:${server.port}/2`, keyPrefix: 'own:' })
    await client.connect()
    onTestFinished(() => client.destroy())
    const tier = redis({ client })
    const end = tier.use()
    expect(await set(tier, 'a', 'x')).toBe('stored')
    await end()
    expect(await client.sendCommand(['DBSIZE'])).toBe(1)
    expect(await client.sendCommand(['EXISTS', 'reprise:entry:app:a|'])).toBe(1)
  })

  it.each([
    [{}],
    [{ url: 'redis://127.0.0.1', cluster: ['127.0.0.1:6379'] }],
    [{ url: 'not a url' }],
    [{ cluster: [] }],
    [{ cluster: ['127.0.0.1'] }],
    [{ cluster: ['user:secret@host:6379'] }],
    [{ url: 'redis://127.0.0.1', prefix: 'x'.repeat(101) }],
    [{ client: {} }],
  ])('refuses options that cannot be used: %j', options => {
    expect(() => redis(options)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^invalid_/) }))
    expect(() => redis(options)).not.toThrow(/secret/)
  })

  it('reads the entries that another prefix of the same Redis does not have', async () => {
    const server = await redisServer()
    const [one, two] = [tierOf({ url: server.url, prefix: 'one:' }), tierOf({ url: server.url, prefix: 'two:' })]
    await set(one, 'a', 'x')
    expect([await textOf(one, 'a'), await textOf(two, 'a')]).toEqual(['x', '(nothing)'])
  })
})
