import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem, jsonOf, post, rawExchange } from './exchange.ts'
import { openStores, type Stores, startServer } from './running-server.ts'

let stores: Stores
beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores?.[Symbol.asyncDispose]())

interface Issued {
  readonly guest_id: string
  readonly secret: string
}

const message = { role: 'user', content: 'hi' }
const jwtSecret = 'a shared secret of more than 32 bytes'
const encoded = (secret: string) => new TextEncoder().encode(secret)
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const tokenOf = (sub: string, secret = jwtSecret) =>
  new SignJWT().setProtectedHeader({ alg: 'HS256' }).setSubject(sub).setExpirationTime('1h').sign(encoded(secret))
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('operators', () => {
  it('G the admin key opens the conversations of the user whom it names', async () => {
    const environment = { JWT_SECRET: jwtSecret, ADMIN_API_KEY: 'the admin key' }
    await using server = await startServer(stores, { environment })
    const path = `${server.url}/v1/users/me/conversations`
    const own = await post(path, undefined, bearer(await tokenOf('operated')))
    expect(own.status).toBe(201)
    const seen = await fetch(`${path}?user_id=operated`, { headers: bearer('the admin key') })
    expect(await seen.json()).toMatchObject({ conversations: [{ message_count: 0 }] })
    for (const [query, token] of [
      ['', 'the admin key'],
      ['?user_id=operated', 'another key'],
    ] as const) {
      await expectProblem(await fetch(path + query, { headers: bearer(token) }), 401, 'not_authorized', 'authorization')
    }
    // Where users have tokens, a name alone means nothing.
    const other = await fetch(`${path}?user_id=operated`, { headers: bearer(await tokenOf('somebody')) })
    expect(await other.json()).toMatchObject({ conversations: [] })
  })
})

describe('guests with secrets', () => {
  it('G every verb asks for the secret; a wrong one and an unknown guest are refused alike', async () => {
    await using server = await startServer(stores, { environment: { GUEST_AUTH: 'secret' } })
    const issued = await fetch(`${server.url}/v1/guest`, { method: 'POST' })
    expect(issued.status).toBe(201)
    const { guest_id, secret } = await jsonOf<Issued>(issued)
    expect(guest_id).toMatch(/^[A-Za-z0-9_.:-]{16,128}$/)
    expect(secret.length).toBeGreaterThanOrEqual(22)
    const chat = `${server.url}/v1/guest/chat/${guest_id}`
    const right = { 'x-guest-secret': secret }
    expect((await post(chat, message, right)).status).toBe(200)
    expect(await (await fetch(chat, { headers: right })).json()).toHaveLength(1)
    for (const headers of [{}, { 'x-guest-secret': '' }, { 'x-guest-secret': `${secret}x` }, bearer(secret)]) {
      for (const path of [chat, `${chat}/export`, `${chat}?limit=1`, `${server.url}/v1/guest/chat/nobody`]) {
        const refused = await fetch(path, { headers })
        expect(refused.headers.get('www-authenticate')).toBeTruthy()
        await expectProblem(refused, 401, 'guest_auth_failed', 'x-guest-secret')
      }
      await expectProblem(await post(chat, message, headers), 401, 'guest_auth_failed', 'x-guest-secret')
      const erased = await fetch(chat, { method: 'DELETE', headers })
      await expectProblem(erased, 401, 'guest_auth_failed', 'x-guest-secret')
      const moved = await post(`${server.url}/v1/guest/migrate/${guest_id}`, { user_id: 'u' }, headers)
      await expectProblem(moved, 401, 'guest_auth_failed', 'x-guest-secret')
    }
    await expectProblem(await post(chat, '{', {}), 401, 'guest_auth_failed', 'x-guest-secret')
    const file = await fetch(`${chat}/export`, { headers: right })
    expect((await file.text()).split('\n')).toHaveLength(2)
    expect((await fetch(chat, { method: 'DELETE', headers: right })).status).toBe(200)
  })

  it('G a secret given twice is none', async () => {
    await using server = await startServer(stores, { environment: { GUEST_AUTH: 'secret' } })
    const { guest_id, secret } = await jsonOf<Issued>(fetch(`${server.url}/v1/guest`, { method: 'POST' }))
    const head = `GET /v1/guest/chat/${guest_id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Guest-Secret: ${secret}\r\n`
    expect(await rawExchange(server.port, `${head}\r\n`)).toMatch(/^HTTP\/1\.1 200/)
    expect(await rawExchange(server.port, `${head}X-Guest-Secret: ${secret}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 401/)
  })

  it('A4 migration asks for both the guest’s secret and the user’s token', async () => {
    const environment = { GUEST_AUTH: 'secret', JWT_SECRET: jwtSecret }
    await using server = await startServer(stores, { environment })
    const { guest_id, secret } = await jsonOf<Issued>(fetch(`${server.url}/v1/guest`, { method: 'POST' }))
    const guest = { 'x-guest-secret': secret }
    const user = bearer(await tokenOf('both'))
    expect((await post(`${server.url}/v1/guest/chat/${guest_id}`, message, guest)).status).toBe(200)
    const migrate = (headers: Record<string, string>) =>
      fetch(`${server.url}/v1/guest/migrate/${guest_id}`, { method: 'POST', headers })
    await expectProblem(await migrate(guest), 401, 'not_authorized', 'authorization')
    await expectProblem(await migrate(user), 401, 'guest_auth_failed', 'x-guest-secret')
    const moved = await migrate({ ...guest, ...user })
    expect(await moved.json()).toMatchObject({ status: 'migrated', user_id: 'both', messages_migrated: 1 })
  })

  it('G in open mode guests are issued too, and JWT_SECRET changes nothing for guests', async () => {
    await using server = await startServer(stores, { environment: { JWT_SECRET: jwtSecret } })
    const { guest_id } = await jsonOf<Issued>(fetch(`${server.url}/v1/guest`, { method: 'POST' }))
    const chat = `${server.url}/v1/guest/chat/${guest_id}`
    expect((await post(chat, message)).status).toBe(200)
    expect((await fetch(chat)).status).toBe(200)
  })
})

describe('users by token', () => {
  const list = (url: string, headers: Record<string, string> = {}, query = '') =>
    fetch(`${url}/v1/users/me/conversations${query}`, { headers })

  it('G a token of the shared secret names the user; all others are refused', async () => {
    await using server = await startServer(stores, { environment: { JWT_SECRET: jwtSecret } })
    expect((await list(server.url, bearer(await tokenOf('auth0|5f7c')))).status).toBe(200)
    const sign = (header: { alg: string }, change: (token: SignJWT) => SignJWT) =>
      change(new SignJWT().setProtectedHeader(header).setSubject('u')).sign(encoded(jwtSecret))
    const unsigned = `${btoa('{"alg":"none"}').replaceAll('=', '')}.${btoa('{"sub":"u"}').replaceAll('=', '')}.`
    const good = await tokenOf('u')
    const refused = [
      await tokenOf('u', 'another secret of more than 32 bytes!'),
      await sign({ alg: 'HS256' }, token => token.setExpirationTime(inSeconds(-1))),
      await sign({ alg: 'HS256' }, token => token.setNotBefore(inSeconds(60))),
      await sign({ alg: 'HS512' }, token => token.setExpirationTime('1h')),
      await new SignJWT().setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(encoded(jwtSecret)),
      await tokenOf('a user with spaces'),
      await tokenOf(''),
      unsigned,
      good.slice(0, -3),
      'rubbish',
      'x'.repeat(8000),
    ]
    for (const token of refused) {
      const response = await list(server.url, bearer(token))
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      await expectProblem(response, 401, 'not_authorized', 'authorization')
    }
    for (const headers of [
      {},
      { authorization: good },
      { authorization: `Basic ${good}` },
      { authorization: 'Bearer' },
    ]) {
      await expectProblem(await list(server.url, headers), 401, 'not_authorized', 'authorization')
    }
    await expectProblem(await list(server.url, {}, '?user_id=u'), 401, 'not_authorized', 'authorization')
    expect((await list(server.url, { authorization: `bearer ${good}` })).status).toBe(200)
  })

  it('G tokens of another issuer, or for another audience, are refused where these are named', async () => {
    const environment = { JWT_SECRET: jwtSecret, JWT_ISSUER: 'https://id.example.com/', JWT_AUDIENCE: 'reprise' }
    await using server = await startServer(stores, { environment })
    const sign = (issuer: string, audience: string) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject('u')
        .setIssuer(issuer)
        .setAudience(audience)
        .sign(encoded(jwtSecret))
    const named = await sign(environment.JWT_ISSUER, environment.JWT_AUDIENCE)
    expect((await list(server.url, bearer(named))).status).toBe(200)
    for (const token of [await sign('https://elsewhere/', 'reprise'), await sign(environment.JWT_ISSUER, 'others')]) {
      await expectProblem(await list(server.url, bearer(token)), 401, 'not_authorized', 'authorization')
    }
    await expectProblem(await list(server.url, bearer(await tokenOf('u'))), 401, 'not_authorized', 'authorization')
  })

  it('G the token decides who the user is, whatever the request says', async () => {
    await using server = await startServer(stores, { environment: { JWT_SECRET: jwtSecret } })
    const mine = bearer(await tokenOf('owner'))
    const path = `${server.url}/v1/users/me/conversations`
    const made = await jsonOf<{ conversation_id: string }>(fetch(path, { method: 'POST', headers: mine }))
    const theirs = bearer(await tokenOf('other'))
    const listed = await jsonOf<{ conversations: unknown }>(list(server.url, theirs, '?user_id=owner'))
    expect(listed.conversations).toEqual([])
    const read = await fetch(`${path}/${made.conversation_id}/messages?user_id=owner`, { headers: theirs })
    await expectProblem(read, 404, 'conversation_unknown', 'conversation_id')
  })

  it('G published keys: RS256, ES256 and EdDSA are taken, a shared-secret token made of the public key is not', async () => {
    const pairs = await Promise.all(
      ['RS256', 'ES256', 'EdDSA'].map(async alg => ({ alg, ...(await generateKeyPair(alg, { extractable: true })) })),
    )
    const keys = await Promise.all(
      pairs.map(async ({ alg, publicKey }) => ({ ...(await exportJWK(publicKey)), alg, kid: alg, use: 'sig' })),
    )
    const publisher = createServer((_, response) => response.end(JSON.stringify({ keys })))
    await new Promise<void>(resolve => publisher.listen(0, '127.0.0.1', resolve))
    const { port } = publisher.address() as AddressInfo
    try {
      await using server = await startServer(stores, { environment: { JWKS_URL: `http://127.0.0.1:${port}/jwks` } })
      for (const { alg, privateKey } of pairs) {
        const signed = new SignJWT().setProtectedHeader({ alg, kid: alg }).setSubject(`user-${alg}`)
        const token = await signed.setExpirationTime('1h').sign(privateKey)
        expect((await list(server.url, bearer(token))).status).toBe(200)
      }
      const confused = new SignJWT().setProtectedHeader({ alg: 'HS256', kid: 'RS256' }).setSubject('admin')
      const forged = await confused.sign(encoded(JSON.stringify(keys[0])))
      await expectProblem(await list(server.url, bearer(forged)), 401, 'not_authorized', 'authorization')
      const stranger = await generateKeyPair('RS256')
      const unknown = new SignJWT().setProtectedHeader({ alg: 'RS256', kid: 'RS256' }).setSubject('u')
      const foreign = await unknown.sign(stranger.privateKey)
      await expectProblem(await list(server.url, bearer(foreign)), 401, 'not_authorized', 'authorization')
    } finally {
      publisher.close()
    }
  })

  it('G while the keys cannot be fetched nobody is let in, and it is not the caller’s fault', async () => {
    await using server = await startServer(stores, { environment: { JWKS_URL: 'http://127.0.0.1:9/jwks' } })
    const { privateKey } = await generateKeyPair('ES256')
    const token = await new SignJWT().setProtectedHeader({ alg: 'ES256', kid: 'k' }).setSubject('u').sign(privateKey)
    const response = await list(server.url, bearer(token))
    expect(response.headers.get('retry-after')).toBe('5')
    await expectProblem(response, 503, 'identity_unavailable')
  })

  it('G without credentials users are named by the request on loopback only', async () => {
    await using open = await startServer(stores)
    expect((await list(open.url, {}, '?user_id=u')).status).toBe(200)
    await expectProblem(await list(open.url), 400, 'invalid_user_id', 'user_id')
    const environment = { HOST: '0.0.0.0', ADMIN_API_KEY: 'key', GUEST_AUTH: 'open' }
    await using exposed = await startServer(stores, { environment })
    const refused = await list(exposed.url, {}, '?user_id=u')
    const problem = await expectProblem(refused, 401, 'not_authorized', 'authorization')
    expect(problem.detail).toMatch(/JWT_SECRET or JWKS_URL/)
    const moved = await post(`${exposed.url}/v1/guest/migrate/g`, { user_id: 'u' })
    await expectProblem(moved, 401, 'not_authorized', 'authorization')
  })
})

describe('the admin key', () => {
  it('G is asked for by /metrics and /api/cache/health when it is set', async () => {
    await using server = await startServer(stores, { environment: { ADMIN_API_KEY: 'correct horse' } })
    for (const path of ['/metrics', '/api/cache/health']) {
      for (const headers of [{}, bearer('wrong'), bearer('correct'), { authorization: 'correct horse' }]) {
        await expectProblem(await fetch(server.url + path, { headers }), 401, 'not_authorized', 'authorization')
      }
    }
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  it('G lets its bearer in; on loopback without a key all may', async () => {
    await using keyed = await startServer(stores, { environment: { ADMIN_API_KEY: 'k 123' } })
    const metrics = await fetch(`${keyed.url}/metrics`, { headers: bearer('k 123') })
    expect([metrics.status, await metrics.text()]).toEqual([200, 'answer 42\n'])
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    await using open = await startServer(stores)
    expect((await fetch(`${open.url}/metrics`)).status).toBe(200)
  })

  it('E1 the health report has its fields', async () => {
    await using server = await startServer(stores)
    expect(await (await fetch(`${server.url}/api/cache/health`)).json()).toEqual({
      status: 'degraded',
      redis_available: false,
      warnings: ['Redis is away: check REDIS_URL.'],
      stats_summary: { ai_hit_rate: 0, rag_hit_rate: 0, db_hit_rate: 0 },
    })
  })
})

describe('web pages', () => {
  const ask = async (port: number, host: string, origin?: string) => {
    const lines = [`Host: ${host}`, 'Connection: close', ...(origin === undefined ? [] : [`Origin: ${origin}`])]
    const answer = await rawExchange(port, `GET /v1/guest/chat/web HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    return Number(answer.slice(9, 12))
  }

  it('G on loopback other hosts and origins are refused, so that no rebound name reaches the server', async () => {
    await using server = await startServer(stores)
    const { port } = server
    for (const host of ['localhost', `localhost:${port}`, '127.0.0.1:1', '[::1]:8000', 'LOCALHOST']) {
      expect([host, await ask(port, host)]).toEqual([host, 200])
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io:8000',
      'localhost:80:80',
      '10.0.0.1',
      '',
    ]) {
      expect([host, await ask(port, host)]).toEqual([host, 403])
    }
    for (const origin of ['http://localhost:3000', 'https://127.0.0.1', 'http://[::1]:5173']) {
      expect([origin, await ask(port, 'localhost', origin)]).toEqual([origin, 200])
    }
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example', 'http://localhost:1/x']) {
      expect([origin, await ask(port, 'localhost', origin)]).toEqual([origin, 403])
    }
    const refused = await fetch(`${server.url}/v1/guest/chat/web`, { headers: { origin: 'https://evil.example' } })
    await expectProblem(refused, 403, 'forbidden_origin', 'origin')
  })

  it('G pages of CORS_ORIGINS may call, others get no permission', async () => {
    await using server = await startServer(stores, { environment: { CORS_ORIGINS: 'https://app.example.com' } })
    const origin = 'https://app.example.com'
    const path = `${server.url}/v1/guest/chat/cors`
    const preflight = await fetch(path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,idempotency-key',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key')
    const called = await post(path, message, { origin })
    expect(called.headers.get('access-control-allow-origin')).toBe(origin)
    const refused = await post(path, { role: 'robot' }, { origin })
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin)
    expect(await ask(server.port, 'app.example.com', origin)).toBe(200)
    expect(await ask(server.port, 'localhost', 'https://other.example.com')).toBe(403)
  })

  it('G without CORS_ORIGINS no page gets permission', async () => {
    await using server = await startServer(stores)
    const response = await fetch(`${server.url}/v1/guest/chat/web`, { headers: { origin: 'http://localhost:3000' } })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})
