import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { RedisTier } from 'reprise/redis'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import {
  bytes,
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

describeWith(['redis-server', 'redis-cli'], 'the store in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  beforeEach(async () => void (await cli('flushall')))
  afterAll(() => server.stop())

  async function cli(...args: string[]): Promise<string> {
    return (await run('redis-cli', ['-p', `${server.port}`, ...args])).stdout.trim()
  }
  const tier = (options = {}): RedisTier =>
    tierOf({ url: server.url, commandTimeoutMs: 2_000, writeTimeoutMs: 2_000, ...options })
  /** How often Redis carried out each command since the last CONFIG RESETSTAT. */
  async function commands(): Promise<Readonly<Record<string, number>>> {
    const lines = (await cli('info', 'commandstats')).split('\n')
    return Object.fromEntries(
      lines.flatMap(line => {
        const [, name, calls] = /^cmdstat_([^:]+):calls=(\d+)/.exec(line) ?? []
        return name ? [[name, Number(calls)]] : []
      }),
    )
  }

  it('keeps everything under its prefix, each kind of key apart', async () => {
    const shop = tier({ prefix: 'shop:' })
    await set(shop, 'a', 'one')
    await shop.store.marks([mark('t')], inAMinute())
    await shop.leases.acquire(key('a'), 10_000)
    await shop.bus.publish('app', 'hello')
    const keys = (await cli('keys', '*')).split('\n').sort()
    expect(keys).toEqual(['shop:bus:app', 'shop:entry:app:a|', 'shop:lease:app:a|', 'shop:mark:app#t:t'])
    expect(await textOf(tier(), 'a')).toBe('(nothing)')
  })

  it('answers bytes as they were, whatever they are', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const many = [all, Buffer.alloc(0), Buffer.alloc(300_000, 7), Buffer.from('ü')]
    const used = tier()
    await used.store.write(many.map((each, index) => ({ ...entry(`b${index}`, ''), bytes: each })))
    const readings = await used.store.read(many.map((_, index) => key(`b${index}`)))
    expect(readings.map(reading => (reading.kind === 'entry' ? Buffer.from(reading.bytes) : reading))).toEqual(many)
  })

  it('keeps a slot until its instant, fence and all', async () => {
    const used = tier()
    await used.store.write([entry('a', 'short', undefined, Date.now() + 150)])
    expect(Number(await cli('pttl', 'reprise:entry:app:a|'))).toBeLessThanOrEqual(150)
    await used.store.write([entry('past', 'x', undefined, Date.now() - 5_000)])
    await expect.poll(() => textOf(used, 'past'), soon).toBe('(nothing)')
    await expect.poll(() => fenceOf(used, 'a'), soon).toBe(noFence)
    await used.store.write([entry('long', 'x', undefined, Number.MAX_SAFE_INTEGER)])
    await used.store.write([entry('longest', 'x', undefined, Number.POSITIVE_INFINITY)])
    expect([await textOf(used, 'long'), await textOf(used, 'longest')]).toEqual(['x', 'x'])
    await used.store.remove([key('long')], Date.now() + 100_000)
    expect(Number(await cli('pttl', 'reprise:entry:app:long|'))).toBeGreaterThan(99_000)
  })

  it.each([
    ['list', ['rpush']],
    ['set', ['sadd']],
    ['text', ['set']],
  ])('takes a foreign %s for nothing, fills over it and removes it', async (_, command) => {
    const used = tier()
    for (const name of ['read', 'filled', 'set', 'removed'])
      await cli(...command, `reprise:entry:app:${name}|`, 'foreign')
    expect(await readOne(used, 'read')).toEqual({ kind: 'nothing', fence: noFence })
    expect(await set(used, 'filled', 'mine', noFence)).toBe('stored')
    expect(await set(used, 'set', 'mine')).toBe('stored')
    expect(await remove(used, 'removed')).toBe('absent')
    expect(await fenceOf(used, 'removed')).not.toBe(noFence)
    expect([await textOf(used, 'filled'), await textOf(used, 'set')]).toEqual(['mine', 'mine'])
  })

  it('makes marks anew over foreign values, and keeps those that are there long enough', async () => {
    const used = tier()
    await cli('rpush', 'reprise:mark:app#t:list', 'x')
    const [made] = await used.store.marks([mark('list')], inAMinute())
    expect(made).toMatch(/^[\w-]{16}$/)
    const place = 'reprise:mark:app#t:kept'
    await used.store.marks([mark('kept')], Date.now() + 100_000)
    await used.store.marks([mark('kept')], Date.now() + 10_000)
    expect(Number(await cli('pttl', place))).toBeGreaterThan(90_000)
    await used.store.marks([mark('kept')], Date.now() + 200_000)
    expect(Number(await cli('pttl', place))).toBeGreaterThan(190_000)
  })

  it('gathers the single reads of a tick into one MGET', async () => {
    const used = tier()
    await used.store.write(Array.from({ length: 50 }, (_, index) => entry(`g${index}`, `${index}`)))
    await cli('config', 'resetstat')
    const texts = await Promise.all(Array.from({ length: 50 }, (_, index) => textOf(used, `g${index}`)))
    expect(texts).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`))
    expect(await commands()).toMatchObject({ mget: 1 })
    await cli('config', 'resetstat')
    await used.store.read(Array.from({ length: 100 }, (_, index) => key(`g${index}`)))
    expect(await commands()).toMatchObject({ mget: 1 })
  })

  it('changes many slots by few scripts, and never lists all keys or empties Redis', async () => {
    const used = tier()
    const names = Array.from({ length: 100 }, (_, index) => `s${index}`)
    await cli('config', 'resetstat')
    await used.store.write(names.map(name => entry(name, 'x', noFence)))
    await used.store.remove(
      names.map(name => key(name)),
      inAMinute(),
    )
    let found = 0
    for await (const keys of used.store.scan(glob('app:s*|'))) found += keys.length
    expect(found).toBe(100)
    const seen = await commands()
    expect((seen['evalsha'] ?? 0) + (seen['eval'] ?? 0)).toBeLessThanOrEqual(8)
    for (const name of ['keys', 'flushall', 'flushdb']) expect(seen).not.toHaveProperty(name)
  })

  it('teaches Redis its scripts again when it has forgotten them', async () => {
    const used = tier()
    const forget = () => cli('script', 'flush')
    await forget()
    expect(await set(used, 'n', 'one', noFence)).toBe('stored')
    await forget()
    expect(await remove(used, 'n')).toBe('removed')
    await forget()
    const [made] = await used.store.marks([mark('n')], inAMinute())
    await forget()
    expect(await used.store.renewMarks([{ name: mark('n'), mark: made as never }], inAMinute())).toEqual([
      { kind: 'renewed' },
    ])
    await forget()
    const acquired = await used.leases.acquire(key('n'), 10_000)
    expect(acquired.kind).toBe('held')
    await forget()
    if (acquired.kind === 'held') expect(await acquired.lease.renew(10_000)).toBe('renewed')
    await forget()
    if (acquired.kind === 'held') expect(await acquired.lease.release()).toBe('released')
    await forget()
    await used.bus.publish('app', 'x')
  })

  it('finds keys by a glob: special characters of Redis are literal, and many stars do not hold it up', async () => {
    const used = tier()
    const names = ['a[b]c', 'abc', 'a*c', 'a?c', 'a\\c', 'a^c', 'üc', 'user:1', 'user:22', 'a'.repeat(200)]
    await used.store.write(names.map(name => entry(name, 'x')))
    const found = async (text: string) => {
      const keys = new Set<string>()
      for await (const some of used.store.scan(glob(text))) for (const each of some) keys.add(each)
      return [...keys].map(each => each.slice(4, -1)).sort()
    }
    expect(await found('app:a[b]c|')).toEqual(['a[b]c'])
    expect(await found('app:a\\*c|')).toEqual(['a*c'])
    expect(await found('app:a\\?c|')).toEqual(['a?c'])
    expect(await found('app:a\\\\c|')).toEqual(['a\\c'])
    expect(await found('app:user:*|')).toEqual(['user:1', 'user:22'])
    expect(await found('app:?c|')).toContain('üc')
    expect(await found('app:*|')).toHaveLength(names.length)
    const startedAt = performance.now()
    await found(`app:${'a*'.repeat(60)}b|`)
    expect(performance.now() - startedAt).toBeLessThan(500)
  })

  it('walks over many keys in steps, tombstones too, and stops when told to', async () => {
    const used = tier()
    const names = Array.from({ length: 3_000 }, (_, index) => `w${index}`)
    await used.store.write(names.map(name => entry(name, 'x')))
    await remove(used, 'w7')
    const found = new Set<string>()
    for await (const keys of used.store.scan(glob('app:w*|'))) for (const each of keys) found.add(each)
    expect(found.size).toBe(3_000)
    const stop = new AbortController()
    const walking = (async () => {
      for await (const _ of used.store.scan(glob('app:w*|'), stop.signal)) stop.abort(new Error('Enough.'))
    })()
    await expect(walking).rejects.toThrow('Enough.')
  })

  it('shows that a walk goes on where nothing matches', async () => {
    const used = tier()
    await used.store.write(Array.from({ length: 3_000 }, (_, index) => entry(`w${index}`, 'x')))
    let steps = 0
    for await (const keys of used.store.scan(glob('elsewhere:*|'))) {
      expect(keys).toEqual([])
      steps += 1
    }
    expect(steps).toBeGreaterThan(4)
  })

  it('takes batches of any size', async () => {
    const used = tier()
    const many = Array.from({ length: 50_000 }, (_, index) => `many${index}`)
    const outcomes = [
      await used.store.write(many.map((name, index) => entry(name, name, index % 2 === 0 ? noFence : undefined))),
      await used.store.read(many.map(name => key(name))),
      await used.store.remove(
        many.map(name => key(name)),
        inAMinute(),
      ),
    ]
    expect(outcomes.map(each => [each.length, ...new Set(each.map(({ kind }) => kind))])).toEqual([
      [50_000, 'stored'],
      [50_000, 'entry'],
      [50_000, 'removed'],
    ])
  })

  it('leaves the given bytes alone while they are written', async () => {
    const used = tier()
    const given = bytes('before')
    const writing = used.store.write([{ ...entry('own', ''), bytes: given }])
    given.fill(0)
    await writing
    expect(await textOf(used, 'own')).toBe('before')
  })
})
