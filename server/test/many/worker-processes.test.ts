import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { runCli } from '../cli/run-cli.ts'
import { contentsOf, erase, historyOf, say } from '../contract/chat.ts'

describeWith(['postgres'], 'worker processes', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await startPostgres({ settings: { fsync: 'off' } })
  })
  afterAll(() => postgres?.stop())

  /** A server all of whose processes serve. */
  async function start(): Promise<RepriseServer> {
    const settings = { DATABASE_URL: postgres.url, WORKERS: '2', EMBEDDER: 'none', LOG_LEVEL: 'info' }
    const server = await startReprise(settings)
    await expect.poll(() => server.output(), { timeout: 30_000 }).toContain('with 2 processes')
    return server
  }

  it('one that dies is replaced; nothing acknowledged is lost and no counter falls', async () => {
    await using server = await start()
    const saved = () => server.metric('reprise_messages_saved_total', 'kind="saved"')
    for (let count = 0; count < 6; count += 1) await say(server.url, 'survivor', `${count}`)
    expect(await saved()).toBe(6)
    const [victim] = workersOf(server.pid)
    process.kill(Number(victim), 'SIGKILL')
    await expect.poll(() => server.output()).toContain('a worker process ended; another is started')
    expect(await saved()).toBe(6)
    await expect.poll(() => workersOf(server.pid).filter(pid => pid !== victim), { timeout: 20_000 }).toHaveLength(2)
    expect(await contentsOf(server.url, 'survivor')).toEqual(['0', '1', '2', '3', '4', '5'])
    await say(server.url, 'survivor', '6')
    expect(await saved()).toBe(7)
  }, 60_000)

  it('SIGTERM lets all of them stop, and requests under way are answered', async () => {
    await using server = await start()
    const [, worker] = workersOf(server.pid)
    const answers = Array.from({ length: 40 }, (_, index) => say(server.url, `stop-${index}`, 'before the stop'))
    await Promise.all(answers)
    await server.kill('SIGTERM')
    expect(() => process.kill(Number(worker), 0)).toThrow('ESRCH')
    expect(server.output()).not.toContain('a worker process ended')
  }, 60_000)

  it('what was erased through one is in no memory, even while PostgreSQL is away', async () => {
    await using server = await start()
    await say(server.url, 'gone', 'forget this')
    await say(server.url, 'stays', 'keep this')
    const own = { headers: { connection: 'close' } }
    // Connections are handed out in turn: each of the two reads both.
    for (const guest of ['gone', 'gone', 'stays', 'stays']) await fetch(`${server.url}/v1/guest/chat/${guest}`, own)
    expect(await erase(server.url, 'gone')).toMatchObject({ status: 'erased' })
    expect(await historyOf(server.url, 'gone')).toEqual([])
    await postgres.stop()
    try {
      for (let time = 0; time < 8; time += 1) {
        const read = await fetch(`${server.url}/v1/guest/chat/gone`, own)
        expect(`${read.status} ${await read.text()}`).not.toContain('forget this')
      }
      const other = await fetch(`${server.url}/v1/guest/chat/stays`, own)
      expect(await other.text()).toContain('keep this')
    } finally {
      postgres = await startPostgres({ settings: { fsync: 'off' } })
    }
  }, 90_000)

  it('are refused on the embedded database, in words', async () => {
    const { code, stderr } = await runCli(['serve', '--workers', '2'], {})
    expect(code).toBe(2)
    expect(stderr).toContain('DATABASE_URL: WORKERS asks for 2 processes')
    const wrong = await runCli(['serve', '--workers', 'many'], {})
    expect(wrong.stderr).toContain('WORKERS: "many" is neither auto nor a whole number from 1 to 256')
  })
})

/** The children of a process that run Node. */
function workersOf(pid: number): readonly string[] {
  return readdirSync('/proc').filter(name => {
    if (!/^\d+$/.test(name)) return false
    try {
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return Number(parent) === pid
    } catch {
      return false
    }
  })
}
