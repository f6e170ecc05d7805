import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawExchange } from './exchange.ts'
import { openStores, type RunningServer, type Stores, startServer } from './running-server.ts'

let stores: Stores
let server: RunningServer
beforeAll(async () => {
  stores = await openStores()
  server = await startServer(stores)
})
afterAll(async () => {
  await server?.close()
  await stores?.[Symbol.asyncDispose]()
})

const body = '{"role":"user","content":"hi"}'
const request = (lines: readonly string[], payload = body) =>
  [
    'POST /v1/guest/chat/raw HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(payload)}`,
    'Connection: close',
    ...lines,
    '',
    payload,
  ].join('\r\n')

function expectRawProblem(answer: string, status: number, code: string): void {
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(answer.toLowerCase()).toContain('content-type: application/problem+json')
  expect(answer.toLowerCase()).toMatch(/\r\nx-request-id: \S+\r\n/)
  const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
  expect(problem).toMatchObject({ status, code })
}

describe('requests that no client library would send', () => {
  it('a plain request by hand is answered', async () => {
    expect(await rawExchange(server.port, request([]))).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400, 'malformed_request'],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex'), 400, 'malformed_request'],
    ['a bad header', 'GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n', 400, 'malformed_request'],
    ['two lengths', request(['Content-Length: 5']), 400, 'malformed_request'],
    ['a length and chunks', request(['Transfer-Encoding: chunked']), 400, 'malformed_request'],
    [
      'a length of minus one',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
      400,
      'malformed_request',
    ],
    ['large headers', request([`X-Large: ${'x'.repeat(20_000)}`]), 431, 'headers_too_large'],
    [
      'many headers',
      request(Array.from({ length: 900 }, (_, n) => `X-${n}: ${'y'.repeat(20)}`)),
      431,
      'headers_too_large',
    ],
    ['a long path', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431, 'headers_too_large'],
  ])('%s', async (_, bytes, status, code) => {
    expectRawProblem(await rawExchange(server.port, bytes), status, code)
  })

  it('an idempotency key given twice', async () => {
    const answer = await rawExchange(server.port, request(['Idempotency-Key: a', 'Idempotency-Key: b']))
    expectRawProblem(answer, 400, 'invalid_idempotency_key')
  })

  it('an idempotency key that is not ASCII', async () => {
    const answer = await rawExchange(server.port, request(['Idempotency-Key: schlüssel']))
    expectRawProblem(answer, 400, 'invalid_idempotency_key')
  })

  it.each([
    ['HTTP/1.0 without a host', 'GET /healthz HTTP/1.0\r\n\r\n', 200],
    ['HTTP/1.1 without a host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['a wish to upgrade', request(['Upgrade: websocket', 'Connection: upgrade']), 200],
    ['an expectation', request(['Expect: 100-continue']), 100],
    ['a whole URL', 'GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 200],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404],
    ['two slashes', 'GET //healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404],
    [
      'a path that climbs',
      'GET /docs/static/../../package.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      404,
    ],
    [
      'a path that climbs by code',
      'GET /docs/static/..%2f..%2fpackage.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      404,
    ],
    ['an unknown method', 'BREW /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ])('%s', async (_, bytes, status) => {
    expect(await rawExchange(server.port, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  it('of two hosts the first one counts', async () => {
    const ask = (first: string, second: string) =>
      rawExchange(
        server.port,
        `GET /healthz HTTP/1.1\r\nHost: ${first}\r\nHost: ${second}\r\nConnection: close\r\n\r\n`,
      )
    expect(await ask('localhost', 'evil.example')).toMatch(/^HTTP\/1\.1 200 /)
    expectRawProblem(await ask('evil.example', 'localhost'), 403, 'forbidden_origin')
  })

  it('a chunked body is taken', async () => {
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    const head =
      'POST /v1/guest/chat/raw HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
    expect(await rawExchange(server.port, head, chunks)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('a request id of the caller is kept when it is plain, replaced otherwise', async () => {
    expect(await rawExchange(server.port, request(['X-Request-Id: trace-1']))).toContain('x-request-id: trace-1\r\n')
    const replaced = await rawExchange(server.port, request(['X-Request-Id: <script>']))
    expect(replaced).toMatch(/x-request-id: [\w-]+\r\n/)
    expect(replaced).not.toContain('script')
  })

  it('a client that is slow with its headers', async () => {
    await using hurried = await startServer(stores, { requestTimeoutMs: 600, headersTimeoutMs: 300 })
    const answer = await rawExchange(hurried.port, 'GET /healthz HTTP/1.1\r\nHost: loc')
    expectRawProblem(answer, 408, 'request_timeout')
  })

  it('a client that is slow with its body', async () => {
    await using hurried = await startServer(stores, { requestTimeoutMs: 600, headersTimeoutMs: 300 })
    const [head, payload = ''] = request([]).split('\r\n\r\n')
    const answer = await rawExchange(hurried.port, `${head}\r\n\r\n`, payload.slice(0, 5))
    expectRawProblem(answer, 408, 'request_timeout')
  })

  it('a client that goes away in the middle of its body harms nobody', async () => {
    const [head] = request([]).split('\r\n\r\n')
    await new Promise<void>(resolve => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(`${head}\r\n\r\n{"ro`, () => {
          socket.destroy()
          resolve()
        })
      })
    })
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    expect(server.logLines.filter(({ level }) => level === 50)).toEqual([])
  })
})
