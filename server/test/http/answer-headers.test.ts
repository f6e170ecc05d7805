import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post } from './exchange.ts'
import { openStores, type RunningServer, type Stores, startServer } from './running-server.ts'

const page = 'https://app.example.com'

let stores: Stores
let server: RunningServer
beforeAll(async () => {
  stores = await openStores()
  server = await startServer(stores, { environment: { CORS_ORIGINS: page } })
  await post(`${server.url}/v1/guest/chat/short`, { role: 'user', content: 'Grüße, 東京 🎉' })
  await post(`${server.url}/v1/guest/chat/long`, { role: 'user', content: 'Grüße, 東京 🎉'.repeat(1_000) })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await stores?.[Symbol.asyncDispose]()
})

describe('what every answer carries', () => {
  it.each([
    ['a short history', 'GET', '/v1/guest/chat/short', 200],
    ['a long history', 'GET', '/v1/guest/chat/long', 200],
    ['no history', 'GET', '/v1/guest/chat/nobody', 200],
    ['the headers of a history alone', 'HEAD', '/v1/guest/chat/long', 200],
    ['health', 'GET', '/healthz', 200],
    ['a page of the documentation', 'GET', '/docs/', 200],
    ['the dashboard', 'GET', '/admin/cache', 200],
    ['an erasure', 'DELETE', '/v1/guest/chat/nobody', 200],
    ['an unknown route', 'GET', '/nowhere', 404],
    ['a path that cannot be read', 'GET', '/v1/guest/chat/%C0%AF', 400],
    ['a wrong method', 'PUT', '/v1/guest/chat/short', 405],
  ])('%s', async (_, method, path, status) => {
    const headers = { 'x-request-id': 'given-by-the-caller' }
    const answer = await fetch(server.url + path, { method, headers })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-request-id')).toBe('given-by-the-caller')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(answer.headers.get('cache-control')).toBeTruthy()
    await answer.body?.cancel()
  })

  it.each(['short', 'long'])('a %s history comes whole, and says how long it is', async guest => {
    const answer = await fetch(`${server.url}/v1/guest/chat/${guest}`)
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(Number(answer.headers.get('content-length'))).toBe(bytes.length)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(JSON.parse(bytes.toString())).toMatchObject([{ content: expect.stringMatching(/^(?:Grüße, 東京 🎉)+$/) }])
    const head = await fetch(`${server.url}/v1/guest/chat/${guest}`, { method: 'HEAD' })
    expect(Number(head.headers.get('content-length'))).toBe(bytes.length)
  })

  it('what lets web pages read it, also where it goes past the framework', async () => {
    const answer = await fetch(`${server.url}/v1/guest/chat/long`, { headers: { origin: page } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(page)
    expect(answer.headers.get('vary')).toMatch(/origin/i)
    await answer.body?.cancel()
  })
})
