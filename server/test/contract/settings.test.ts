import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startEmbeddingServer } from '../../../library/test/embedders/embedding-server.ts'
import type { JsonServer } from '../../../library/test/embedders/json-server.ts'
import { startVertexServer, type VertexServer } from '../../../library/test/embedders/vertex-server.ts'
import { describeWith } from '../../../testbed/available.ts'
import { freePort } from '../../../testbed/free-port.ts'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { gatewaySettings } from '../../src/config/gateway-settings.ts'
import { settingsTable } from '../../src/config/settings-table.ts'
import { jsonOf, post, statusAtHost } from '../http/exchange.ts'
import { erase, historyOf, say, untilCopied } from './chat.ts'
import { sql } from './deployment.ts'
import { audience, issuer, type KeyServer, startKeyServer } from './key-server.ts'
import { redisCli } from './redis-cli.ts'
import { prepareSilentGuest } from './silent-guest.ts'

const adminKey = 'the admin key of these tests'
const jwtSecret = 'a shared secret of thirty-two bytes or more'
const origin = 'https://app.example.com'

describeWith(['postgres', 'redis-server', 'redis-cli'], 'the contract of settings', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  let model: JsonServer
  let vertex: VertexServer
  let directory: PrivateDirectory
  let keys: KeyServer
  /** On loopback, with everything external: what can be set together is. */
  let loopback: RepriseServer
  /** Reached from elsewhere, on the embedded database. */
  let elsewhere: RepriseServer
  let port: string

  beforeAll(async () => {
    ;[postgres, redis, model, vertex, directory, keys] = await Promise.all([
      startPostgres({ settings: { fsync: 'off' } }),
      startRedis(),
      startEmbeddingServer(),
      startVertexServer({ project: 'p-1', location: 'europe-west4' }),
      privateDirectory('settings'),
      startKeyServer(),
    ])
    port = `${await freePort()}`
    elsewhere = await startReprise({
      HOST: '0.0.0.0',
      DATA_DIR: join(directory.path, 'data'),
      ADMIN_API_KEY: adminKey,
      GUEST_AUTH: 'secret',
      JWKS_URL: keys.url,
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: audience,
      TRUSTED_PROXIES: '127.0.0.1',
      RATE_LIMIT_MAX: '40',
      EMBEDDER: 'vertex',
      EMBEDDER_BASE_URL: vertex.url,
      GOOGLE_CLOUD_PROJECT: 'p-1',
      GOOGLE_CLOUD_LOCATION: 'europe-west4',
      GOOGLE_APPLICATION_CREDENTIALS: vertex.keyFile,
    })
    await prepareSilentGuest(postgres.url)
    loopback = await startReprise({
      HOST: '127.0.0.1',
      PORT: port,
      DATABASE_URL: postgres.url,
      DATABASE_POOL_SIZE: '3',
      SLOW_QUERY_MS: '0',
      REDIS_URL: redis.url,
      ADMIN_API_KEY: adminKey,
      JWT_SECRET: jwtSecret,
      ENFORCE_QUOTA: 'true',
      GUEST_MONTHLY_REQUEST_LIMIT: '2',
      GUEST_RETENTION_DAYS: '30',
      CORS_ORIGINS: origin,
      MAX_MESSAGE_BYTES: '100',
      EMBEDDER: 'openai',
      EMBEDDER_BASE_URL: `${model.url}/v1`,
      EMBEDDER_MODEL: 'a-model',
      EMBEDDER_API_KEY: 'sk-of-the-model',
      LOG_LEVEL: 'debug',
    })
  })
  afterAll(async () => {
    await Promise.all([loopback.stop(), elsewhere.stop()])
    await Promise.all([model, vertex, directory, keys].map(part => part[Symbol.asyncDispose]()))
    await Promise.all([postgres.stop(), redis.stop()])
  })

  const admin = { authorization: `Bearer ${adminKey}` }
  const statusOf = async (url: string, headers: Readonly<Record<string, string>> = {}) =>
    (await fetch(url, { headers })).status
  const metrics = async () => (await fetch(`${loopback.url}/metrics`, { headers: admin })).text()
  const conversations = (server: RepriseServer, token: string) =>
    statusOf(`${server.url}/v1/users/me/conversations`, { authorization: `Bearer ${token}` })

  const issueGuest = () =>
    jsonOf<{ readonly guest_id: string; readonly secret: string }>(
      fetch(`${elsewhere.url}/v1/guest`, { method: 'POST' }),
    )

  /** How a server with ADMIN_SHOW_KEYS shows the key of an embedding that it keeps. */
  const shownKey = async () => {
    const upstream = { UPSTREAM_BASE_URL: `${model.url}/v1`, EMBEDDER: 'none' }
    await using server = await startReprise({ ...upstream, ADMIN_SHOW_KEYS: 'true' })
    const body = { model: 'a-model', input: 'to be kept' }
    const embedded = await post(`${server.url}/v1/embeddings`, body, { authorization: 'Bearer sk-of-the-model' })
    await embedded.arrayBuffer()
    const keysOf = () =>
      jsonOf<{ readonly keys: readonly { readonly key: string }[] }>(
        fetch(`${server.url}/api/cache/keys?cache=embeddings`),
      )
    await expect.poll(async () => (await keysOf()).keys.length).toBe(1)
    return (await keysOf()).keys[0]?.key
  }

  /** What shows over the public door that a setting is honoured. */
  const proofs: Readonly<Record<string, () => Promise<void>>> = {
    HOST: async () => {
      // A host that is not loopback's own is answered there alone.
      expect(await statusAtHost(elsewhere.url, 'chat.example.com')).toBe(200)
      expect(await statusAtHost(loopback.url, 'chat.example.com')).toBe(403)
    },
    PORT: async () => expect(await statusOf(`http://127.0.0.1:${port}/healthz`)).toBe(200),
    DATABASE_URL: async () => {
      await say(loopback.url, 'g-database', 'in PostgreSQL')
      const found = await sql(postgres.url, `SELECT content FROM message_cache WHERE content = 'in PostgreSQL'`)
      expect(found).toHaveLength(1)
    },
    DATABASE_POOL_SIZE: async () => {
      // One more counts the hours, once there is something to count.
      await historyOf(loopback.url, 'g-nobody')
      await expect.poll(metrics, { timeout: 5_000 }).toMatch(/^db_connection_pool_size 4$/m)
    },
    SLOW_QUERY_MS: async () =>
      expect(await metrics()).toMatch(/^reprise_db_slow_queries_total\{query_type="SELECT",table="\w+"\} \d+$/m),
    DATA_DIR: async () => expect(readdirSync(join(directory.path, 'data'))).not.toEqual([]),
    REDIS_URL: async () => {
      await say(loopback.url, 'g-redis', 'in Redis')
      await untilCopied(loopback.url, 'g-redis')
      expect(await redisCli(redis.url, 'GET', 'guest:g-redis')).toContain('in Redis')
    },
    GUEST_AUTH: async () => {
      const path = `${elsewhere.url}/v1/guest/chat/g-stranger`
      expect((await post(path, { role: 'user', content: 'x' })).status).toBe(401)
      const { guest_id, secret } = await issueGuest()
      const own = `${elsewhere.url}/v1/guest/chat/${guest_id}`
      const headers = { 'x-guest-secret': secret }
      expect((await post(own, { role: 'user', content: 'with a secret' }, headers)).status).toBe(200)
      expect(await jsonOf(fetch(own, { headers }))).toMatchObject([{ content: 'with a secret' }])
    },
    JWT_SECRET: async () => {
      const token = new SignJWT({ sub: 'user-1' }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1m')
      expect(await conversations(loopback, await token.sign(new TextEncoder().encode(jwtSecret)))).toBe(200)
      expect(await conversations(loopback, await token.sign(new TextEncoder().encode(`another ${jwtSecret}`)))).toBe(
        401,
      )
    },
    JWKS_URL: async () => {
      expect(await conversations(elsewhere, await keys.token())).toBe(200)
      expect(await conversations(elsewhere, 'none')).toBe(401)
    },
    JWT_ISSUER: async () => {
      expect(await conversations(elsewhere, await keys.token({ issuer: 'https://other.example.com/' }))).toBe(401)
    },
    JWT_AUDIENCE: async () => {
      expect(await conversations(elsewhere, await keys.token({ audience: 'another service' }))).toBe(401)
    },
    ADMIN_API_KEY: async () => {
      expect(await statusOf(`${loopback.url}/metrics`)).toBe(401)
      expect(await statusOf(`${loopback.url}/metrics`, admin)).toBe(200)
      expect(await statusOf(`${loopback.url}/api/cache/health`)).toBe(401)
    },
    ADMIN_SHOW_KEYS: async () => {
      // Without it they are hashes: admin/admin-api.test.ts.
      expect(await shownKey()).not.toMatch(/^sha256:/)
    },
    ENFORCE_QUOTA: async () => {
      await say(loopback.url, 'g-quota', 'one')
      await say(loopback.url, 'g-quota', 'two')
      const third = await post(`${loopback.url}/v1/guest/chat/g-quota`, { role: 'user', content: 'three' })
      expect(third.status).toBe(429)
    },
    GUEST_MONTHLY_REQUEST_LIMIT: async () => {
      await say(loopback.url, 'g-limit', 'one')
      const rows = await sql(
        postgres.url,
        `SELECT monthly_request_limit AS n FROM usage_metrics WHERE user_id = 'g-limit'`,
      )
      expect(rows).toEqual([{ n: 2 }])
    },
    GUEST_RETENTION_DAYS: async () => {
      await expect.poll(() => historyOf(loopback.url, 'g-silent'), { timeout: 10_000 }).toEqual([])
      expect(await historyOf(loopback.url, 'g-lately')).toHaveLength(1)
    },
    CORS_ORIGINS: async () => {
      const allowed = async (page: string) =>
        (await fetch(`${loopback.url}/v1/guest/chat/g-cors`, { headers: { origin: page } })).headers.get(
          'access-control-allow-origin',
        )
      expect(await allowed(origin)).toBe(origin)
      expect(await allowed('https://other.example.com')).toBeNull()
      // Clients of providers ask for headers of their own.
      const asked = 'authorization,content-type,x-reprise-cache,x-stainless-lang'
      const preflight = await fetch(`${loopback.url}/v1/chat/completions`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
      })
      expect(preflight.headers.get('access-control-allow-headers')).toBe(asked)
      expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    },
    MAX_MESSAGE_BYTES: async () => {
      const sent = await post(`${loopback.url}/v1/guest/chat/g-long`, { role: 'user', content: 'ü'.repeat(51) })
      expect(sent.status).toBe(413)
      expect((await say(loopback.url, 'g-long', 'ü'.repeat(50))).sequence).toBe(0)
    },
    EMBEDDER: async () => {
      const { conversation_id } = await say(loopback.url, 'g-embedder', 'to be embedded')
      await expect.poll(() => embeddingModels(postgres.url, conversation_id), { timeout: 10_000 }).toEqual(['a-model'])
    },
    EMBEDDER_CPU_PERCENT: async () => {
      await using server = await startReprise({ EMBEDDER: 'local', EMBEDDER_CPU_PERCENT: '1' })
      // The query loads the model, which takes more than one percent of a second; the message has to wait for long.
      await fetch(`${server.url}/v1/guest/chat/g-paced/search?q=first`)
      await say(server.url, 'g-paced', 'waits')
      const found = jsonOf(fetch(`${server.url}/v1/guest/chat/g-paced/search?q=second`))
      expect(await found).toMatchObject({ searched: 0, pending: 1 })
    },
    EMBEDDER_BASE_URL: async () => {
      await expect.poll(() => model.requests.map(request => request.path)).toContain('/v1/embeddings')
    },
    EMBEDDER_MODEL: async () => {
      await expect.poll(() => model.requests.map(request => JSON.parse(request.body).model)).toContain('a-model')
    },
    EMBEDDER_API_KEY: async () => {
      await expect.poll(() => model.requests[0]?.headers.authorization).toBe('Bearer sk-of-the-model')
    },
    GOOGLE_CLOUD_PROJECT: async () => {
      // The guest of GUEST_AUTH is embedded by now.
      const paths = () => vertex.requests.map(request => request.path).join('\n')
      await expect.poll(paths, { timeout: 10_000 }).toContain('/projects/p-1/')
    },
    GOOGLE_CLOUD_LOCATION: async () => {
      const paths = () => vertex.requests.map(request => request.path).join('\n')
      await expect.poll(paths, { timeout: 10_000 }).toContain('/locations/europe-west4/')
    },
    LOG_LEVEL: async () => {
      expect(loopback.output()).toContain('"level":"debug"')
      expect(elsewhere.output()).not.toContain('"level":"debug"')
    },
    // The last ones there: they use up the address's minute.
    RATE_LIMIT_MAX: async () => {
      const asked = Array.from({ length: 60 }, () => fetch(`${elsewhere.url}/v1/guest/chat/g-rate`))
      const answers = await Promise.all(asked)
      const limited = answers.filter(answer => answer.status === 429)
      expect(limited.length).toBeGreaterThanOrEqual(20)
      expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
    },
    TRUSTED_PROXIES: async () => {
      const path = `${elsewhere.url}/v1/guest/chat/g-rate`
      expect(await statusOf(path)).toBe(429)
      expect(await statusOf(path, { 'x-forwarded-for': '203.0.113.9' })).toBe(401)
    },
  }

  /** These have tests of their own in redis.test.ts, WORKERS in many/, and those of the gateway in gateway/settings.test.ts. */
  const ofTheGateway = Object.values(gatewaySettings).map(setting => setting.name)
  const provenElsewhere = [...['ENABLE_REDIS_CACHE', 'ENABLE_CACHE', 'REDIS_CLUSTER_NODES', 'WORKERS'], ...ofTheGateway]

  it('G every setting has its proof', () => {
    const names = Object.values(settingsTable).map(setting => setting.name)
    expect([...Object.keys(proofs), ...provenElsewhere].sort()).toEqual(names.sort())
  })

  it('A4 with JWT_SECRET the token names the user, whatever the body says', async () => {
    await say(loopback.url, 'a4-token', 'to be a user’s')
    const path = `${loopback.url}/v1/guest/migrate/a4-token`
    expect((await post(path, { user_id: 'user-of-body' })).status).toBe(401)
    const headers = { authorization: `Bearer ${await secretToken('user-of-token')}` }
    expect(await jsonOf(post(path, { user_id: 'user-of-body' }, headers))).toMatchObject({ user_id: 'user-of-token' })
    expect((await fetch(`${loopback.url}/v1/guest/chat/a4-token`)).status).toBe(410)
  })

  it('A4 with both credentials, the guest’s secret and the user’s token are asked for', async () => {
    const { guest_id, secret } = await issueGuest()
    const own = { 'x-guest-secret': secret }
    const token = { authorization: `Bearer ${await keys.token()}` }
    const chat = `${elsewhere.url}/v1/guest/chat/${guest_id}`
    expect((await post(chat, { role: 'user', content: 'to be a user’s' }, own)).status).toBe(200)
    const migrate = (headers: Readonly<Record<string, string>>) =>
      fetch(`${elsewhere.url}/v1/guest/migrate/${guest_id}`, { method: 'POST', headers })
    expect((await migrate(own)).status).toBe(401)
    expect((await migrate(token)).status).toBe(401)
    expect((await migrate({ ...own, ...token })).status).toBe(200)
    expect((await post(chat, { role: 'user', content: 'Still me?' }, own)).status).toBe(410)
  })

  // Before the rate limit has its proof, which uses it up.
  it('G the curl line of the greeting works where guests have secrets and every address is listened on', async () => {
    await expect.poll(() => elsewhere.output()).toMatch(/curl -X POST \S+\n/)
    const [, url = ''] = /curl -X POST (http:\S+)\n/.exec(elsewhere.output()) ?? []
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/guest$/)
    expect((await fetch(url, { method: 'POST' })).status).toBe(201)
  })

  it.each(Object.keys(proofs))('G %s is honoured', async name => {
    await proofs[name]?.()
  })

  it('G the greeting says where it listens, which stores it uses, and a curl line to try, and no password', async () => {
    expect(loopback.output()).toContain(`Reprise listens on http://127.0.0.1:${port}`)
    expect(loopback.output()).toContain(`PostgreSQL at 127.0.0.1:${postgres.port}`)
    expect(loopback.output()).toContain(`Redis at 127.0.0.1:${redis.port}`)
    expect(loopback.output()).toMatch(/curl -X POST http:\S+\/v1\/guest\/chat\/me /)
    expect(loopback.output()).not.toContain(adminKey)
    expect(await erase(loopback.url, 'g-nobody')).toMatchObject({ status: 'erased' })
  })
})

function secretToken(subject: string, secret = jwtSecret): Promise<string> {
  const token = new SignJWT({ sub: subject }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1m')
  return token.sign(new TextEncoder().encode(secret))
}

async function embeddingModels(url: string, conversationId: string): Promise<readonly unknown[]> {
  const rows = await sql(url, 'SELECT embedding_model FROM cache_embeddings WHERE conversation_id = $1', [
    conversationId,
  ])
  return rows.map(row => row['embedding_model'])
}
