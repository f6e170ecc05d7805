import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { freePort } from '../../../testbed/free-port.ts'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { startPgBouncer } from '../../../testbed/servers/pgbouncer.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { clockFinding } from '../../src/cli/doctor/check-clock.ts'
import { redisCli } from '../contract/redis-cli.ts'
import { runCli } from './run-cli.ts'

interface Finding {
  readonly check: string
  readonly state: string
  readonly found: string
  readonly advice?: string
}

interface Diagnosis {
  readonly code: number
  readonly of: (check: string) => Finding | undefined
}

let directory: PrivateDirectory
beforeAll(async () => {
  directory = await privateDirectory('doctor')
})
afterAll(() => directory[Symbol.asyncDispose]())

async function diagnose(settings: Readonly<Record<string, string>> = {}): Promise<Diagnosis> {
  const port = `${await freePort()}`
  const environment = { PORT: port, EMBEDDER: 'none', DATA_DIR: join(directory.path, 'none'), ...settings }
  const { code, stdout } = await runCli(['doctor', '--json'], environment, { directory: directory.path })
  const { checks, ok }: { readonly checks: readonly Finding[]; readonly ok: boolean } = JSON.parse(stdout)
  expect(ok).toBe(code === 0)
  expect(ok).toBe(checks.every(({ state }) => state !== 'failed'))
  // Whatever is not well says what to do.
  for (const { state, advice } of checks) expect(typeof advice).toBe(state === 'ok' ? 'undefined' : 'string')
  return { code, of: check => checks.find(each => each.check === check) }
}

describe('reprise doctor', () => {
  it('finds a fresh machine well, changes nothing there, and speaks to people', async () => {
    const { code, of } = await diagnose({ EMBEDDER: 'hash' })
    expect(code).toBe(0)
    expect(of('Node.js')?.found).toContain(process.versions.node)
    expect(of('Data directory')).toMatchObject({ state: 'ok', found: expect.stringContaining('first start') })
    expect(of('Admin API')).toMatchObject({ state: 'warning', advice: expect.stringContaining('ADMIN_API_KEY=') })
    expect(of('Embedder')).toMatchObject({ state: 'ok', found: expect.stringContaining('256 numbers') })
    expect(of('Upstream')?.state).toBe('ok')
    expect(readdirSync(directory.path)).toEqual([])
    const settings = { PORT: `${await freePort()}`, EMBEDDER: 'none', ADMIN_API_KEY: 'a key that is long enough' }
    const { stdout } = await runCli(['doctor'], settings, { directory: directory.path })
    expect(stdout).toMatch(/^✔ Admin API +asks for a key$/m)
    expect(stdout).toMatch(/\n\n\d+ ok, 0 warnings, 0 failed\n$/)
    expect(stdout).not.toContain('long enough')
  })

  it('names all wrong settings, and where they are set', async () => {
    const { code, of } = await diagnose({ PORT: 'x', REDIS_URL: 'http://x' })
    expect(code).toBe(1)
    expect(of('Settings')?.found).toMatch(/PORT: .*\n.*REDIS_URL: /)
    await writeFile(join(directory.path, 'reprise.config.json'), '{"logLevel":"warn"}')
    const named = await diagnose({ REPRISE_CONFIG: 'reprise.config.json' })
    expect(named.of('Configuration file')?.found).toContain('reprise.config.json')
    expect(named.of('Settings')?.found).toContain('LOG_LEVEL')
    const broken = await diagnose({ REPRISE_CONFIG: 'no-such-file.json' })
    expect(broken.of('Settings')).toMatchObject({ state: 'failed', found: expect.stringContaining('no-such-file') })
  })

  it('tells a Reprise from another program on the port, and who has the directory', async () => {
    const DATA_DIR = join(directory.path, 'data')
    await using server = await startReprise({ DATA_DIR, EMBEDDER: 'none' })
    const { code, of } = await diagnose({ DATA_DIR, PORT: new URL(server.url).port })
    expect(code).toBe(0)
    expect(of('Port')?.found).toContain('a Reprise listens')
    expect(of('Embedded database')?.found).toContain(`process ${server.pid}`)
    const other = await listening(createServer((_, answer) => answer.end('I am something else.')))
    const taken = await diagnose({ PORT: other.port })
    expect(taken.of('Port')).toMatchObject({
      state: 'failed',
      advice: expect.stringContaining(`PORT=${+other.port + 1}`),
    })
    other.server.close()
    await server.stop()
    expect((await diagnose({ DATA_DIR })).of('Embedded database')?.found).toBe('starts, and nobody has it')
    const file = join(directory.path, 'a-file')
    await writeFile(file, '')
    expect((await diagnose({ DATA_DIR: join(file, 'below') })).of('Data directory')?.state).toBe('failed')
  })

  it('tries upstreams with their keys, and the embedding model', async () => {
    const provider = await listening(
      createServer((request, answer) => {
        const isKnown = request.url === '/v1/models' && request.headers.authorization === 'Bearer right'
        answer.writeHead(isKnown ? 200 : request.url === '/v1/models' ? 401 : 404).end('{}')
      }),
    )
    const UPSTREAM_BASE_URL = `http://127.0.0.1:${provider.port}/v1`
    const right = await diagnose({ UPSTREAM_BASE_URL, UPSTREAM_API_KEY: 'right' })
    expect(right.of('Upstream')).toMatchObject({ state: 'ok', found: expect.stringContaining('takes the key') })
    const nowhere = `http://127.0.0.1:${await freePort()}`
    const wrong = await diagnose({
      UPSTREAM_BASE_URL,
      UPSTREAM_API_KEY: 'wrong',
      UPSTREAMS: JSON.stringify({ away: { baseUrl: nowhere, models: ['x'] } }),
      ...{ EMBEDDER: 'openai', EMBEDDER_BASE_URL: nowhere },
    })
    expect(wrong.code).toBe(1)
    expect(wrong.of('Upstream')).toMatchObject({ state: 'failed', advice: expect.stringContaining('UPSTREAM_API_KEY') })
    expect(wrong.of('Upstream away')).toMatchObject({ state: 'failed', found: expect.stringContaining('ECONNREFUSED') })
    expect(wrong.of('Embedder')).toMatchObject({ state: 'failed', advice: expect.stringContaining('/models') })
    provider.server.close()
  })

  it('says how far clocks are apart, and bears the time that asking takes', () => {
    expect(clockFinding('Redis', 10_000, 9_000, 10_500).state).toBe('ok')
    expect(clockFinding('Redis', 10_000, 15_000, 20_000).state).toBe('ok')
    expect(clockFinding('Redis', 10_000, 4_000, 10_500)).toMatchObject({
      state: 'warning',
      found: expect.stringMatching(/^6\.0 s behind/),
    })
    expect(clockFinding('Redis', 10_000, 70_500, 10_500).found).toMatch(/^60\.0 s ahead of/)
  })
})

describeWith(['postgres', 'pgbouncer', 'redis-server', 'redis-cli'], 'reprise doctor before real servers', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres({ settings: { fsync: 'off' } }), startRedis()])
  })
  afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

  it('looks at PostgreSQL: version, rights, migrations, connections, clock', async () => {
    const DATABASE_URL = postgres.url
    const { code, of } = await diagnose({ DATABASE_URL })
    expect(code).toBe(0)
    expect(of('PostgreSQL version')?.state).toBe('ok')
    expect(of('PostgreSQL rights')?.state).toBe('ok')
    expect(of('PostgreSQL clock')?.state).toBe('ok')
    expect(of('Pooler')?.found).toContain('none')
    expect(of('Migrations')).toMatchObject({ state: 'warning', advice: expect.stringContaining('reprise migrate') })
    await runCli(['migrate'], { DATABASE_URL })
    const migrated = await diagnose({ DATABASE_URL, DATABASE_POOL_SIZE: '1000' })
    expect(migrated.of('Migrations')?.state).toBe('ok')
    expect(migrated.of('PostgreSQL connections')).toMatchObject({
      advice: expect.stringContaining('DATABASE_POOL_SIZE='),
    })
  })

  it('says what to type where PostgreSQL refuses', async () => {
    const away = await diagnose({ DATABASE_URL: `postgres://127.0.0.1:${await freePort()}/x` })
    expect(away.of('PostgreSQL')).toMatchObject({ state: 'failed', advice: expect.stringContaining('pg_isready') })
    const missing = await diagnose({ DATABASE_URL: new URL('/missing', postgres.url).href })
    expect(missing.of('PostgreSQL')?.advice).toMatch(/createdb .* missing/)
    const client = new pg.Client(postgres.url)
    await client.connect()
    await client.query('CREATE ROLE guest LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    await client.end()
    const poor = new URL(postgres.url)
    poor.username = 'guest'
    const { of } = await diagnose({ DATABASE_URL: poor.href })
    expect(of('PostgreSQL rights')).toMatchObject({ state: 'failed', advice: expect.stringContaining('GRANT CREATE') })
    expect(of('PostgreSQL encryption')?.state).toBe('ok')
  })

  it('sees a pooler between', async () => {
    await using pooler = await startPgBouncer(postgres.url)
    expect((await diagnose({ DATABASE_URL: pooler.url })).of('Pooler')).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('both suit'),
    })
  })

  it('looks at Redis: version, memory, role, cluster', async () => {
    const REDIS_URL = redis.url
    const fresh = await diagnose({ REDIS_URL })
    expect(fresh.of('Redis version')?.state).toBe('ok')
    expect(fresh.of('Redis clock')?.state).toBe('ok')
    expect(fresh.of('Redis memory')).toMatchObject({ state: 'warning', advice: expect.stringContaining('maxmemory') })
    await redisCli(redis.url, 'CONFIG', 'SET', 'maxmemory', '64mb')
    expect((await diagnose({ REDIS_URL })).of('Redis memory')?.found).toContain('refuses writes')
    await redisCli(redis.url, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    expect((await diagnose({ REDIS_URL })).of('Redis memory')?.state).toBe('ok')
    const alone = await diagnose({ REDIS_CLUSTER_NODES: `127.0.0.1:${redis.port}` })
    expect(alone.of('Redis Cluster')).toMatchObject({ state: 'failed', advice: expect.stringContaining('REDIS_URL') })
    const tls = await diagnose({ REDIS_URL: `rediss://127.0.0.1:${redis.port}` })
    expect(tls.of('Redis')).toMatchObject({ state: 'failed', advice: expect.stringContaining('speaks no TLS') })
    const away = await diagnose({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` })
    expect(away.of('Redis')).toMatchObject({ state: 'failed', advice: expect.stringContaining('redis-cli ping') })
    expect((await diagnose({ REDIS_URL, ENABLE_REDIS_CACHE: 'false' })).of('Redis')?.found).toContain('not used')
  })
})

async function listening(server: Server): Promise<{ readonly server: Server; readonly port: string }> {
  const port = await freePort()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return { server, port: `${port}` }
}
