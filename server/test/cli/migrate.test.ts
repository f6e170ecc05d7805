import { createClient } from '@redis/client'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { runCli } from './run-cli.ts'

const talk = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `Sentence ${index}`,
    timestamp: `2025-03-01T10:00:${String(index % 60).padStart(2, '0')}.000Z`,
  }))

describeWith(['postgres', 'redis-server'], 'reprise migrate', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  let keys: ReturnType<typeof createClient>
  let environment: Record<string, string>
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    environment = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
    keys = createClient({ url: redis.url })
    keys.on('error', () => undefined)
    await keys.connect()
  })
  beforeEach(async () => {
    await keys.flushAll()
  })
  afterAll(async () => {
    await keys.close()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  const migrate = async () => {
    const { code, stdout, stderr } = await runCli(['migrate', '--json'], environment)
    expect(stderr).toBe('')
    return { code, ...JSON.parse(stdout) }
  }
  const history = async (url: string, guest: string) =>
    (await (await fetch(`${url}/v1/guest/chat/${guest}`)).json()) as readonly unknown[]

  it('brings the tables up to date once', async () => {
    const { applied } = await migrate()
    expect(applied.length).toBeGreaterThan(0)
    expect((await migrate()).applied).toEqual([])
  })

  it('imports arrays and lists of an older system in order, and nothing twice', async () => {
    await keys.set('guest:old-array', JSON.stringify(talk(7)))
    await keys.rPush(
      'guest:old-list',
      talk(300).map(message => JSON.stringify(message)),
    )
    expect(await migrate()).toMatchObject({
      code: 0,
      takeover: { found: 2, imported: 2, messages: 307, known: 0, conflicts: [], unreadable: [] },
    })
    expect((await migrate()).takeover).toMatchObject({ found: 0, imported: 0, messages: 0 })
    // Even when the key comes back, as from a snapshot.
    await keys.set('guest:old-array', JSON.stringify(talk(7)))
    expect((await migrate()).takeover).toMatchObject({ found: 1, imported: 0, known: 1, messages: 0 })
    await using server = await startReprise(environment)
    expect(await history(server.url, 'old-array')).toEqual(talk(7))
    expect(await history(server.url, 'old-list')).toEqual(talk(300))
  })

  it('lets PostgreSQL decide on guests that it knows', async () => {
    {
      await using server = await startReprise(environment)
      for (const guest of ['begun', 'other', 'moved']) {
        const body = JSON.stringify(talk(1)[0])
        const headers = { 'content-type': 'application/json' }
        await fetch(`${server.url}/v1/guest/chat/${guest}`, { method: 'POST', headers, body })
      }
      const headers = { 'content-type': 'application/json' }
      const moved = await fetch(`${server.url}/v1/guest/migrate/moved`, {
        method: 'POST',
        headers,
        body: '{"user_id":"u1"}',
      })
      expect(moved.status).toBe(200)
    }
    await keys.flushAll()
    await keys.set('guest:begun', JSON.stringify(talk(4)))
    await keys.set('guest:other', JSON.stringify([{ role: 'user', content: 'Something else' }]))
    await keys.set('guest:moved', JSON.stringify(talk(4)))
    expect(await migrate()).toMatchObject({
      code: 1,
      takeover: { found: 3, completed: 1, messages: 3, migrated: 1, conflicts: ['other'] },
    })
    expect(await keys.get('guest:other')).toBeNull()
    expect(await keys.get('reprise:left:{guest:other}')).toContain('Something else')
    await using server = await startReprise(environment)
    expect(await history(server.url, 'begun')).toEqual(talk(4))
    expect(await history(server.url, 'other')).toEqual(talk(1))
    expect(await keys.get('reprise:left:{guest:other}')).toContain('Something else')
    await fetch(`${server.url}/v1/guest/chat/other`, { method: 'DELETE' })
    expect(await keys.get('reprise:left:{guest:other}')).toBeNull()
  })

  it('sets aside what it cannot read, for ever, and says why', async () => {
    const bad = {
      json: '[{"role":',
      object: '{"role":"user"}',
      role: '[{"role":"robot","content":"Hi"}]',
      empty: '[{"role":"user","content":""}]',
      time: '[{"role":"user","content":"Hi","timestamp":"2025-02-30T00:00:00Z"}]',
      nul: JSON.stringify([{ role: 'user', content: 'a\0b' }]),
    }
    for (const [name, value] of Object.entries(bad)) await keys.set(`guest:bad-${name}`, value)
    const { code, takeover } = await migrate()
    expect(code).toBe(1)
    const names = takeover.unreadable.map(({ guestId }: { guestId: string }) => guestId)
    expect(names.sort()).toEqual(
      Object.keys(bad)
        .map(name => `bad-${name}`)
        .sort(),
    )
    expect(await keys.get('reprise:left:{guest:bad-json}')).toBe(bad.json)
    expect(await keys.ttl('reprise:left:{guest:bad-json}')).toBe(-1)
    await keys.set('guest:bad-role', bad.role)
    const { stdout } = await runCli(['migrate'], environment)
    expect(stdout).toContain('guest:bad-role: message 0 has a role that is none of user, assistant, system, tool')
  })

  it('never revives a guest whose deletion Redis still owes', async () => {
    {
      await using server = await startReprise(environment)
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ role: 'user', content: 'Forget me' })
      await fetch(`${server.url}/v1/guest/chat/gone`, { method: 'POST', headers, body })
      await keys.sendCommand(['SAVE'])
      await redis.kill()
      const erased = await fetch(`${server.url}/v1/guest/chat/gone`, { method: 'DELETE' })
      expect(await erased.json()).toMatchObject({ pending: ['redis'] })
      await server.kill('SIGKILL')
      await redis.restart()
    }
    // The snapshot is older than the deletion; without our notes it looks like another system's.
    await keys.del('reprise:copy:{guest:gone}')
    expect(await keys.get('guest:gone')).toContain('Forget me')
    expect((await migrate()).takeover).toMatchObject({ imported: 0, messages: 0 })
    expect(await keys.get('guest:gone')).toBeNull()
    await using server = await startReprise(environment)
    expect(await history(server.url, 'gone')).toEqual([])
  })
})
