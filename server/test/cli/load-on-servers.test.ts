import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { repriseMain, startReprise } from '../../../testbed/servers/reprise.ts'
import { runCli } from './run-cli.ts'

let directory = ''
let file = ''
const conversations = 60
const messagesEach = 15
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-load-'))
  file = join(directory, 'conversations.jsonl')
  const lines = Array.from({ length: conversations }, (_, line) => {
    const messages = Array.from({ length: messagesEach }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: index % 4 === 0 ? 'Yes, please – “now” 🙂' : `Sentence ${index} of ${line}`,
    }))
    return JSON.stringify({ id: `talk ${line}`, messages })
  })
  await writeFile(file, lines.join('\n'))
})
afterAll(() => rm(directory, { recursive: true }))

const complete = {
  conversations,
  messages: conversations * messagesEach,
  refused: 0,
  lost: 0,
  doubled: 0,
  outOfOrder: 0,
  altered: 0,
  foreign: 0,
}

async function load(url: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(['load', file, '--url', url, '--json', ...args])
  return { code, stderr, result: stdout === '' ? undefined : JSON.parse(stdout) }
}

describe('reprise load on the embedded database', () => {
  it('goes on after the server was killed, and nothing is lost or doubled', async () => {
    const data = join(directory, 'data')
    const first = await startReprise({ DATA_DIR: data })
    const loading = load(first.url, '--patience', '60')
    while ((await first.metric('reprise_messages_saved_total').catch(() => 0)) < 100) await sleep(20)
    await first.kill('SIGKILL')
    await using second = await startReprise({ DATA_DIR: data, PORT: new URL(first.url).port })
    expect(await loading).toMatchObject({ code: 0, result: complete })
    expect(await load(second.url)).toMatchObject({ code: 0, result: complete })
  })

  it('finds issued guests again by the file that it noted them in', async () => {
    await using server = await startReprise({ GUEST_AUTH: 'secret' })
    const refused = await load(server.url)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('--guests FILE')
    const guests = join(directory, 'guests.jsonl')
    expect(await load(server.url, '--guests', guests)).toMatchObject({ code: 0, result: complete })
    expect(await load(server.url, '--guests', guests)).toMatchObject({ code: 0, result: complete })
  })
})

describeWith(['postgres', 'redis-server'], 'reprise load on PostgreSQL and Redis', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  })
  afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

  it('goes on after it was interrupted itself, while PostgreSQL and Redis were restarted', async () => {
    await using server = await startReprise({ DATABASE_URL: postgres.url, REDIS_URL: redis.url })
    const interrupted = spawn(process.execPath, [repriseMain, 'load', file, '--url', server.url], { stdio: 'pipe' })
    const complaint = interrupted.stderr.toArray()
    while ((await server.metric('reprise_messages_saved_total')) < 100) await sleep(20)
    interrupted.kill('SIGINT')
    const code = await new Promise(resolve => interrupted.on('close', resolve))
    expect(code).toBe(1)
    expect(Buffer.concat(await complaint).toString()).toMatch(/interrupted\n.*Run it again/)

    const loading = load(server.url)
    await sleep(100)
    await Promise.all([postgres.restart('immediate'), redis.restart({ empty: true })])
    expect(await loading).toMatchObject({ code: 0, result: complete })
  })
})
