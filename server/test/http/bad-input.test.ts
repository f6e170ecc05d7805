import type { Conversations } from 'reprise/conversation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem, post } from './exchange.ts'
import { openStores, type RunningServer, type Stores, startServer } from './running-server.ts'

const maxMessageBytes = 1000
let stores: Stores
let server: RunningServer
let url: string
beforeAll(async () => {
  stores = await openStores()
  server = await startServer(stores, { environment: { MAX_MESSAGE_BYTES: String(maxMessageBytes) } })
  url = `${server.url}/v1/guest/chat/bad-input`
})
afterAll(async () => {
  // Whatever was refused left nothing behind.
  const history = await (await fetch(url)).text()
  await server?.close()
  await stores?.[Symbol.asyncDispose]()
  expect(history).toBe('[]')
})

const message = { role: 'user', content: 'hi' }
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

describe('a bad body gets a problem that names the field', () => {
  it.each<[string, string | Uint8Array, number, string, string?]>([
    ['no JSON', '{"role":"user",', 400, 'invalid_json'],
    ['two values', '{} {}', 400, 'invalid_json'],
    ['a number that is none', '{"role":"user","content":NaN}', 400, 'invalid_json'],
    ['no body', '', 400, 'invalid_body'],
    ['no object', '[1]', 400, 'invalid_body'],
    ['null', 'null', 400, 'invalid_body'],
    ['a lone text', '"hi"', 400, 'invalid_body'],
    ['an overlong encoding', Buffer.from('{"role":"user","content":"\xc0\xaf"}', 'latin1'), 400, 'invalid_utf8'],
    ['Latin-1', Buffer.from('{"role":"user","content":"Grüße"}', 'latin1'), 400, 'invalid_utf8'],
    ['an encoded surrogate', Buffer.from('{"content":"\xed\xa0\x80"}', 'latin1'), 400, 'invalid_utf8'],
    ['half a character', Buffer.from('{"content":"\xf0\x9f', 'latin1'), 400, 'invalid_utf8'],
    ['UTF-16', Buffer.from(JSON.stringify(message), 'utf16le'), 400, 'invalid_json'],
    ['no role', '{"content":"hi"}', 400, 'invalid_role', 'role'],
    ['an unknown role', '{"role":"robot","content":"hi"}', 400, 'invalid_role', 'role'],
    ['a role of another case', '{"role":"User","content":"hi"}', 400, 'invalid_role', 'role'],
    ['a role that is a list', '{"role":["user"],"content":"hi"}', 400, 'invalid_role', 'role'],
    ['no content', '{"role":"user"}', 400, 'invalid_body', 'content'],
    ['content null', '{"role":"user","content":null}', 400, 'invalid_body', 'content'],
    ['content a number', '{"role":"user","content":7}', 400, 'invalid_body', 'content'],
    ['content an object', '{"role":"user","content":{"text":"hi"}}', 400, 'invalid_body', 'content'],
    ['empty content', '{"role":"user","content":""}', 400, 'empty_content', 'content'],
    ['NUL', '{"role":"user","content":"a\\u0000b"}', 400, 'invalid_content', 'content'],
    ['a bare NUL byte', '{"role":"user","content":"a\u0000b"}', 400, 'invalid_json'],
    ['a lone high surrogate', '{"role":"user","content":"a\\ud83d"}', 400, 'invalid_content', 'content'],
    ['a lone low surrogate', '{"role":"user","content":"\\ude00b"}', 400, 'invalid_content', 'content'],
    ['surrogates the wrong way', '{"role":"user","content":"\\ude00\\ud83d"}', 400, 'invalid_content', 'content'],
    [
      'a timestamp that is a number',
      '{"role":"user","content":"hi","timestamp":1}',
      400,
      'invalid_timestamp',
      'timestamp',
    ],
    ['__proto__', '{"role":"user","content":"hi","__proto__":{"a":1}}', 400, 'forbidden_key', '__proto__'],
    ['escaped __proto__', '{"role":"user","content":"hi","\\u005f_proto__":1}', 400, 'forbidden_key', '__proto__'],
    ['deep __proto__', '{"role":"user","content":"hi","x":[{"__proto__":1}]}', 400, 'forbidden_key', '__proto__'],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}', 400, 'forbidden_key', 'constructor'],
    ['lists nested 2,000 deep', nested(2000), 400, 'nesting_too_deep'],
    ['a field nested deep', `{"role":"user","content":"hi","x":${nested(100)}}`, 400, 'nesting_too_deep'],
  ])('%s', async (_, body, status, code, field) => {
    await expectProblem(await post(url, body), status, code, field)
  })

  it('nesting 10,000 deep, of lists and of objects', async () => {
    await using roomy = await startServer(stores)
    const chat = `${roomy.url}/v1/guest/chat/bad-input`
    await expectProblem(await post(chat, nested(10_000)), 400, 'nesting_too_deep')
    const objects = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
    await expectProblem(await post(chat, objects), 400, 'nesting_too_deep')
    await expectProblem(await post(chat, '['.repeat(500_000)), 400, 'invalid_json')
    await expectProblem(await post(chat, nested(500_000)), 400, 'nesting_too_deep')
  })

  it.each([
    '2026-02-30T12:00:00Z',
    '2025-02-29T12:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T12:60:00Z',
    '2026-01-01T12:00:00+25:00',
    '0000-01-01T00:00:00Z',
    'yesterday',
    '1769860800',
    '',
    "2026-01-01'; DROP TABLE message_cache; --",
  ])('A1 the impossible timestamp %o', async timestamp => {
    await expectProblem(await post(url, { ...message, timestamp }), 400, 'invalid_timestamp', 'timestamp')
  })

  it('content longer than MAX_MESSAGE_BYTES, counted in bytes of UTF-8', async () => {
    const long = '€'.repeat(334)
    expect(Buffer.byteLength(long)).toBe(1002)
    const problem = await expectProblem(
      await post(url, { ...message, content: long }),
      413,
      'content_too_large',
      'content',
    )
    expect(problem.detail).toContain('1002 bytes')
    const chat = `${server.url}/v1/guest/chat/just-fits`
    const escaped = `{"role":"user","content":"${'\\u20ac'.repeat(333)}a"}`
    expect((await post(chat, escaped)).status).toBe(200)
    expect((await post(chat, { ...message, content: `${'€'.repeat(333)}a` })).status).toBe(200)
  })

  it('a body over the limit, with and without content-length', async () => {
    await expectProblem(await post(url, { ...message, content: 'x'.repeat(100_000) }), 413, 'body_too_large')
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let count = 0; count < 40; count += 1) controller.enqueue(new Uint8Array(1000).fill(0x20))
        controller.close()
      },
    })
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: chunks,
      duplex: 'half',
    })
    await expectProblem(response, 413, 'body_too_large')
  })

  it('a body of many megabytes is refused while it is still coming', async () => {
    const response = await post(url, new Uint8Array(30_000_000).fill(0x20))
    await expectProblem(response, 413, 'body_too_large')
  })

  it.each([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'application/jsonish' },
    { 'content-type': 'nonsense' },
    { 'content-type': '' },
  ])('another content type: %o', async headers => {
    await expectProblem(await post(url, message, headers), 415, 'unsupported_media_type')
  })

  it('a compressed body', async () => {
    const response = await post(url, message, { 'content-encoding': 'gzip' })
    await expectProblem(response, 415, 'unsupported_media_type', 'content-encoding')
  })

  it('a content type with parameters and a byte order mark are taken', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=UTF-8' }
    const response = await post(`${server.url}/v1/guest/chat/mark`, `\ufeff${JSON.stringify(message)}`, headers)
    expect(response.status).toBe(200)
  })
})

describe('a bad path, query or header gets a problem that names it', () => {
  it.each([
    '',
    'a b',
    'a%2Fb',
    'ä',
    'x'.repeat(129),
    'x'.repeat(5000),
    '%00',
    'a%0Ab',
    "a'--",
    '%F0%9F%91%8B',
    '*',
    'a,b',
  ])('the guest id %s', async guest => {
    const path = `${server.url}/v1/guest/chat/${guest}`
    await expectProblem(await fetch(path), 400, 'invalid_guest_id', 'guest_id')
    await expectProblem(await post(path, message), 400, 'invalid_guest_id', 'guest_id')
    await expectProblem(await fetch(path, { method: 'DELETE' }), 400, 'invalid_guest_id', 'guest_id')
    if (guest !== '') await expectProblem(await fetch(`${path}/export`), 400, 'invalid_guest_id', 'guest_id')
    const migrate = `${server.url}/v1/guest/migrate/${guest}`
    await expectProblem(await post(migrate, { user_id: 'u' }), 400, 'invalid_guest_id', 'guest_id')
  })

  it('the longest and oddest guest ids that are allowed', async () => {
    for (const guest of ['x'.repeat(128), 'A-z_0.9:', '%41bc', '..a', 'export']) {
      expect((await fetch(`${server.url}/v1/guest/chat/${guest}`)).status).toBe(200)
    }
  })

  it.each([
    ['after_seq=x', 'after_seq'],
    ['after_seq=', 'after_seq'],
    ['after_seq=-2', 'after_seq'],
    ['after_seq=1.5', 'after_seq'],
    ['after_seq=1e3', 'after_seq'],
    ['after_seq=99999999999999999999', 'after_seq'],
    ['after_seq=1&after_seq=2', 'after_seq'],
    ['after_seq[]=1&limit=0', 'limit'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=%00', 'limit'],
    ['limit=true', 'limit'],
  ])('the cursor ?%s', async (query, field) => {
    await expectProblem(await fetch(`${url}?${query}`), 400, 'invalid_cursor', field)
  })

  it.each([['a'.repeat(256)], ['']])('the idempotency key %o', async key => {
    const response = await post(url, message, { 'idempotency-key': key })
    await expectProblem(response, 400, 'invalid_idempotency_key', 'idempotency-key')
  })

  it('the longest idempotency key is taken, with commas in it', async () => {
    const key = `${'k'.repeat(250)}, ~ ,`
    const response = await post(`${server.url}/v1/guest/chat/keyed`, message, { 'idempotency-key': key })
    expect(response.status).toBe(200)
  })

  it.each([
    '/',
    '/v1',
    '/v1/guest/chat',

    '/v1/guest/chat/a/b',
    '/v2/guest/chat/a',
    '/docs/static/none',
  ])('the unknown path %s', async path => {
    await expectProblem(await fetch(server.url + path), 404, 'route_unknown')
  })

  it('an unknown path is told even with a bad body', async () => {
    await expectProblem(
      await post(`${server.url}/nowhere`, '{', { 'content-type': 'text/plain' }),
      404,
      'route_unknown',
    )
  })

  it.each([
    ['PUT', '/v1/guest/chat/a', 'DELETE, GET, HEAD, POST'],
    ['PATCH', '/v1/guest/chat/a', 'DELETE, GET, HEAD, POST'],
    ['OPTIONS', '/v1/guest/chat/a', 'DELETE, GET, HEAD, POST'],
    ['PROPFIND', '/v1/guest/chat/a', 'DELETE, GET, HEAD, POST'],
    ['POST', '/v1/guest/chat/a/export', 'GET, HEAD'],
    ['GET', '/v1/guest', 'POST'],
    ['GET', '/v1/guest/migrate/a', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
    ['PUT', '/v1/users/me/conversations', 'GET, HEAD, POST'],
  ])('the method %s on %s', async (method, path, allow) => {
    const response = await fetch(server.url + path, { method })
    expect(response.headers.get('allow')).toBe(allow)
    await expectProblem(response, 405, 'method_not_allowed')
  })

  it.each(['%', '%zz', '%E4', '%C0%AF', 'a%ED%A0%80'])('the malformed URL encoding %s', async guest => {
    await expectProblem(await fetch(`${server.url}/v1/guest/chat/${guest}`), 400, 'invalid_url')
  })
})

describe('too many requests', () => {
  it('past RATE_LIMIT_MAX a minute an address waits; probes go on', async () => {
    await using limited = await startServer(stores, { environment: { RATE_LIMIT_MAX: '3' } })
    const chat = `${limited.url}/v1/guest/chat/limited`
    for (let count = 0; count < 3; count += 1) expect((await fetch(chat)).status).toBe(200)
    const refused = await fetch(chat)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await expectProblem(refused, 429, 'rate_limited')
    await expectProblem(await post(chat, message), 429, 'rate_limited')
    expect((await fetch(`${limited.url}/healthz`)).status).toBe(200)
    expect((await fetch(`${limited.url}/readyz`)).status).toBe(200)
  })

  it('counts the addresses that a trusted proxy tells, and believes nobody else', async () => {
    const statusesOf = async (environment: Readonly<Record<string, string>>) => {
      await using limited = await startServer(stores, { environment: { RATE_LIMIT_MAX: '1', ...environment } })
      const chat = `${limited.url}/v1/guest/chat/limited`
      const ask = (from: string) => fetch(chat, { headers: { 'x-forwarded-for': from } })
      return [(await ask('192.0.2.1')).status, (await ask('192.0.2.2')).status, (await ask('192.0.2.1')).status]
    }
    expect(await statusesOf({ TRUSTED_PROXIES: '127.0.0.0/8,::1' })).toEqual([200, 200, 429])
    expect(await statusesOf({})).toEqual([200, 429, 429])
  })

  it.each([
    ['an empty text', 'q='],
    ['a text of 5000 characters', `q=${'x'.repeat(5_000)}`],
    ['a list', 'q=a&q=b'],
  ])('a search for %s is told what it may be', async (came, query) => {
    const answer = await fetch(`${server.url}/v1/guest/chat/searched/search?${query}`)
    const { detail } = await expectProblem(answer, 400, 'invalid_query', 'q')
    expect(detail).toBe(`q must be a text of 1 to 4096 characters, but ${came} came.`)
  })
})

describe('what nobody foresaw', () => {
  it('is a 500 that tells nothing of the inside, and is logged without content', async () => {
    const conversations = (real: Conversations) => ({
      ...real,
      append: () => Promise.reject(new TypeError('cannot read /etc/passwd')),
    })
    await using broken = await startServer(stores, { conversations })
    const response = await post(`${broken.url}/v1/guest/chat/private-guest`, { role: 'user', content: 'private words' })
    const problem = await expectProblem(response, 500, 'internal_error')
    expect(JSON.stringify(problem)).not.toContain('passwd')
    expect(broken.logLines).toMatchObject([
      {
        level: 50,
        request_id: problem.request_id,
        method: 'POST',
        route: '/v1/guest/chat/:guest_id',
        code: 'internal_error',
        cause: 'TypeError',
      },
    ])
    expect(JSON.stringify(broken.logLines)).not.toMatch(/private/)
  })
})
