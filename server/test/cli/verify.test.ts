import { createClient } from '@redis/client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { runCli } from './run-cli.ts'

describeWith(['postgres', 'redis-server'], 'reprise verify', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  let server: RepriseServer
  let environment: Record<string, string>
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    environment = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
    server = await startReprise(environment)
  })
  afterAll(async () => {
    await server.stop()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  const say = async (guest: string, content: string) => {
    const body = JSON.stringify({ role: 'user', content })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${server.url}/v1/guest/chat/${guest}`, { method: 'POST', headers, body })
    expect(response.status).toBe(200)
  }
  const verify = async (...args: readonly string[]) => {
    const { code, stdout } = await runCli(['verify', '--json', ...args], environment)
    return { code, ...JSON.parse(stdout) }
  }

  it('tells equal, wrong, behind and foreign copies apart, and repairs what PostgreSQL can tell', async () => {
    for (const guest of ['equal', 'wrong', 'behind']) {
      await say(guest, 'It is 12 o’clock')
      await say(guest, 'Thanks')
    }
    await using client = {
      redis: await createClient({ url: redis.url }).connect(),
      [Symbol.asyncDispose]: () => client.redis.close(),
    }
    // Somebody else wrote into the copy without changing its length, so that only its bytes tell.
    const altered = (await client.redis.get('guest:wrong'))?.replace('12', '13') ?? ''
    await client.redis.set('guest:wrong', altered)
    const [old, book] = [await client.redis.get('guest:behind'), await client.redis.get('reprise:copy:{guest:behind}')]
    await say('behind', 'One more')
    await client.redis.set('guest:behind', old ?? '')
    await client.redis.set('reprise:copy:{guest:behind}', book ?? '')
    await client.redis.set('guest:foreign', '[{"role":"user","content":"From before"}]')

    expect(await verify()).toEqual({
      ...{ code: 1, checked: 4, equal: 1, wrong: 1, behind: 1, foreign: 1, repaired: 0, wrongGuests: ['wrong'] },
    })
    expect(await verify('--repair')).toMatchObject({ code: 1, wrong: 1, behind: 1, repaired: 2 })
    expect(await verify()).toMatchObject({ code: 0, checked: 4, equal: 3, wrong: 0, behind: 0, foreign: 1 })
    expect(await client.redis.get('guest:wrong')).toContain('12 o’clock')
    expect(await client.redis.get('guest:foreign')).toContain('From before')
  })

  it('finds nothing wrong while guests speak', async () => {
    let isOver = false
    const speaking = Array.from({ length: 8 }, async (_, guest) => {
      for (let count = 0; !isOver; count += 1) await say(`busy-${guest}`, `Sentence ${count}`)
    })
    for (let round = 0; round < 3; round += 1) expect(await verify('--repair')).toMatchObject({ code: 0, wrong: 0 })
    isOver = true
    await Promise.all(speaking)
    const read = await fetch(`${server.url}/v1/guest/chat/busy-0`)
    const messages = (await read.json()) as { content: string }[]
    expect(messages.map(({ content }) => content)).toEqual(messages.map((_, index) => `Sentence ${index}`))
  })

  it('says for people what it found', async () => {
    const { stdout } = await runCli(['verify'], environment)
    expect(stdout).toMatch(/^checked +equal +wrong +behind +foreign\n/)
    const alone = await runCli(['verify'], { ...environment, REDIS_URL: '' })
    expect(alone).toMatchObject({ code: 0, stdout: 'No Redis is in use: there are no copies to check.\n' })
  })

  it('fails in words when Redis is away', async () => {
    const { code, stderr } = await runCli(['verify'], { ...environment, REDIS_URL: 'redis://127.0.0.1:9' })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^reprise: Redis at 127\.0\.0\.1:9 cannot be used now: .*\n$/)
  })
})
