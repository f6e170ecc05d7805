import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageJson, parseGuestId, parseInstant } from 'reprise'
import { connectRedis, type Redis, type RedisConversationCopies, redisConversationCopies } from 'reprise/redis'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { appendOf, idAt } from './append-of.ts'

const run = promisify(execFile)
const guest = parseGuestId('web-7f3a')
const key = 'guest:web-7f3a'
const bookkeeping = 'reprise:copy:{guest:web-7f3a}'
const [first = '', second = '', third = ''] = ['Hello', 'Grüß dich 👋', 'Bye'].map(content =>
  messageJson({ role: 'user', content, timestamp: parseInstant('2026-01-31T12:00:00Z') }),
)

describeWith(['redis-server', 'redis-cli'], 'values of copies in Redis', () => {
  let server: RedisServer
  let redis: Redis
  let copies: RedisConversationCopies

  async function cli(...args: string[]): Promise<string> {
    return (await run('redis-cli', ['-p', `${server.port}`, ...args])).stdout.trim()
  }
  async function append(fromSequence: number, ...messages: string[]) {
    return (await copies.append([appendOf(guest, 0, fromSequence, messages)]))[0]
  }
  function fill(nextSequence: number, text: string) {
    return copies.fill(guest, { epoch: 0, nextSequence, head: idAt(nextSequence - 1), json: Buffer.from(text) })
  }
  async function read() {
    const [copy] = await copies.read([guest])
    return copy && Buffer.from(copy.json).toString()
  }

  beforeAll(async () => {
    server = await startRedis()
    redis = await connectRedis({ url: server.url, commandTimeoutMs: 2_000, writeTimeoutMs: 2_000 })
    copies = redisConversationCopies(redis)
  })
  beforeEach(async () => void (await cli('flushall')))
  afterAll(async () => {
    await copies.close()
    await server.stop()
  })

  it('B1 the key is a string whose GET gives a JSON array, with a life of a day', async () => {
    await append(0, first)
    await append(1, second, third)
    expect(await cli('type', key)).toBe('string')
    expect(JSON.parse(await cli('--raw', 'get', key))).toEqual([first, second, third].map(text => JSON.parse(text)))
    expect(Number(await cli('ttl', key))).toBe(86_400)
  })

  it('B1 each message renews the life of the copy and of its bookkeeping', async () => {
    await append(0, first)
    await cli('expire', key, '100')
    await cli('expire', bookkeeping, '100')
    await append(1, second)
    expect(Number(await cli('ttl', key))).toBe(86_400)
    expect(Number(await cli('ttl', bookkeeping))).toBe(86_400)
  })

  it('A3 a drop leaves nothing of the content: only an epoch, for a day', async () => {
    await append(0, first)
    expect(await copies.drop(guest, 1)).toBe(true)
    expect(await cli('keys', '*')).toBe(bookkeeping)
    expect(await cli('get', bookkeeping)).toBe('1:-')
    expect(Number(await cli('ttl', bookkeeping))).toBe(86_400)
  })

  it.each([
    ['list', ['rpush', key, first, second]],
    ['hash', ['hset', key, 'message', first]],
    ['string', ['set', key, `[${first}]`]],
  ])('believes no foreign %s, never appends to it, and fills over it', async (type, command) => {
    await cli(...command)
    const before = await cli('dump', key)
    expect(await read()).toBeUndefined()
    expect(await append(0, first)).toBe('absent')
    expect(await append(1, second)).toBe('absent')
    expect(await cli('type', key)).toBe(type)
    expect(await cli('dump', key)).toBe(before)
    expect(await fill(2, `[${first},${second}]`)).toBe('filled')
    expect(await append(2, third)).toBe('appended')
    expect(await read()).toBe(`[${first},${second},${third}]`)
  })

  it('removes a foreign value when the guest is dropped', async () => {
    await cli('rpush', key, first)
    expect(await copies.drop(guest, 1)).toBe(true)
    expect(await cli('exists', key)).toBe('0')
  })

  it.each([
    ['a list where the copy was', ['rpush', key, first]],
    ['a longer array', ['set', key, `[${first},${second}]`]],
    ['nothing', ['exists', key]],
  ])('neither believes nor touches what another program left in the place of a copy: %s', async (_, command) => {
    await append(0, first)
    await cli('del', key)
    await cli(...command)
    const before = await cli('dump', key)
    expect(await read()).toBeUndefined()
    expect(await append(1, second)).toBe('absent')
    expect(await cli('dump', key)).toBe(before)
    expect(await fill(2, `[${first},${second}]`)).toBe('filled')
    expect(await read()).toBe(`[${first},${second}]`)
  })

  it('mends bookkeeping of a foreign type', async () => {
    await cli('rpush', bookkeeping, 'x')
    expect(await append(0, first)).toBe('appended')
    expect(await read()).toBe(`[${first}]`)
  })

  it.each(['0:1:{bytes}', '0:1'])('takes bookkeeping of another version for none: %s', async form => {
    await append(0, first)
    await cli('set', bookkeeping, form.replace('{bytes}', `${first.length + 2}`))
    expect(await read()).toBeUndefined()
    expect(await append(1, second)).toBe('absent')
    expect(await fill(2, `[${first},${second}]`)).toBe('filled')
    expect(await append(2, third)).toBe('appended')
    expect(await read()).toBe(`[${first},${second},${third}]`)
  })

  it('lets one unusable key of a batch harm no other guest', async () => {
    await cli('rpush', key, first)
    const other = parseGuestId('other')
    const outcomes = await copies.append([appendOf(guest, 0, 0, [first]), appendOf(other, 0, 0, [first])])
    expect(outcomes).toEqual(['absent', 'appended'])
    expect((await copies.read([guest, other])).map(copy => copy?.nextSequence)).toEqual([undefined, 1])
  })

  it('teaches Redis its scripts again when it has forgotten them', async () => {
    await append(0, first)
    await cli('script', 'flush')
    expect(await append(1, second)).toBe('appended')
    await cli('script', 'flush')
    expect(await fill(2, `[${first},${second}]`)).toBe('filled')
    await cli('script', 'flush')
    expect(await copies.drop(guest, 1)).toBe(true)
  })

  it('scans copies of its own and what older systems left, and passes over the rest', async () => {
    const guests = Array.from({ length: 300 }, (_, index) => parseGuestId(`scan-${index}`))
    await copies.append(guests.map(guestId => appendOf(guestId, 0, 0, [first])))
    await copies.drop(parseGuestId('scan-0'), 1)
    await cli('rpush', 'guest:old-list', first, second)
    await cli('set', 'guest:old-string', `[${third}]`)
    await cli('hset', 'guest:old-hash', 'a', 'b')
    await cli('set', 'guest:with space', 'x')
    await cli('set', 'guests', 'x')
    const found = new Map<string, string>()
    for await (const { guestId, copy, foreign } of copies.scan(50)) {
      found.set(guestId, copy ? `${copy.epoch}:${copy.nextSequence}` : Buffer.from(foreign ?? []).toString())
    }
    const expected = new Map<string, string>(guests.slice(1).map(guestId => [guestId, '0:1']))
    expected.set('old-list', `[${first},${second}]`).set('old-string', `[${third}]`)
    expect(new Map([...found].sort())).toEqual(new Map([...expected].sort()))
  })

  it('forgets a copy wholly, so that any epoch may begin again', async () => {
    await append(0, first)
    await copies.drop(guest, 7)
    expect(await append(0, first)).toBe('fenced')
    await copies.forget(guest)
    expect(await cli('dbsize')).toBe('0')
    expect(await append(0, first)).toBe('appended')
  })

  it('F4 tells the memory that Redis uses', async () => {
    const used = Number(/used_memory:(\d+)/.exec(await cli('info', 'memory'))?.[1])
    expect(used).toBeGreaterThan(100_000)
    expect(Math.abs((await redis.usedMemory()) - used)).toBeLessThan(used / 2)
  })
})
