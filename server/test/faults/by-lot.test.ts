import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { runCli } from '../cli/run-cli.ts'
import { sql } from '../contract/deployment.ts'
import { redisCli } from '../contract/redis-cli.ts'
import { disagreementsIn } from './agreement.ts'
import { runFault } from './fault-run.ts'
import { silencePostgres } from './silence.ts'

/** Each pair of faults that follow one another is a case of its own: worth more time than every run of the tests has. */
const seconds = Number(process.env['FAULT_SECONDS'] ?? 8)

describeWith(['postgres', 'redis-server', 'redis-cli'], 'faults drawn by lot', () => {
  it('two servers keep their word, whatever breaks after whatever', async () => {
    await using postgres = await startPostgres()
    await using redis = await startRedis()
    const settings = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
    const servers = await Promise.all([startReprise(settings), startReprise(settings)])
    const faults = [
      ...storeFaults(postgres, redis),
      ...servers.map((_, index) => () => restart(servers, index, settings)),
    ]
    const end = await runFault({
      name: 'by-lot',
      urls: servers.map(server => server.url),
      fault: async () => {
        const deadline = performance.now() + seconds * 1_000
        while (performance.now() < deadline) {
          await faults[Math.floor(Math.random() * faults.length)]?.()
          await sleep(Math.random() * 1_500)
        }
      },
    })
    expect(end.violations).toEqual([])
    expect(await disagreementsIn(text => sql(postgres.url, text))).toEqual([])
    const verified = await runCli(['verify'], settings)
    expect(`${verified.code} ${verified.stdout}${verified.stderr}`).toMatch(/^0 /)
    await Promise.all(servers.map(server => server.stop()))
  })
})

async function restart(servers: RepriseServer[], index: number, settings: Readonly<Record<string, string>>) {
  const server = servers[index]
  if (server === undefined) return
  await server.kill('SIGKILL')
  servers[index] = await startReprise({ ...settings, PORT: new URL(server.url).port })
}

function storeFaults(postgres: PostgresServer, redis: RedisServer): readonly (() => Promise<unknown>)[] {
  return [
    () => redis.restart({ empty: true }),
    async () => {
      await redisCli(redis.url, 'SAVE')
      await sleep(300)
      await redis.restart()
    },
    async () => {
      redis.pause()
      await sleep(1_000)
      redis.resume()
    },
    () => redisCli(redis.url, 'FLUSHALL'),
    () => redisCli(redis.url, 'SCRIPT', 'FLUSH'),
    () => postgres.restart('immediate'),
    () => silencePostgres(postgres, 1_500),
    () => sql(postgres.url, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()'),
  ]
}
