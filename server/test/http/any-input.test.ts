import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post, rawMessage } from './exchange.ts'
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

/** Whatever came: an answer, or a refusal with a code, and never a failure of ours. */
async function expectAnswered(response: Response): Promise<void> {
  const text = await response.text()
  expect(response.status, text).toBeLessThan(500)
  expect(response.headers.get('x-request-id')).toBeTruthy()
  if (response.status >= 400) expect(JSON.parse(text).code).toMatch(/^[a-z0-9_]+$/)
}

const almostMessage = fc.record(
  {
    role: fc.oneof(fc.constantFrom('user', 'tool'), fc.anything()),
    content: fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.anything()),
    timestamp: fc.oneof(
      fc.date({ noInvalidDate: true }).map(date => date.toISOString()),
      fc.string(),
      fc.anything(),
    ),
  },
  { requiredKeys: [] },
)

describe('whatever comes in', () => {
  it('any JSON, and any message that is nearly one, is taken or refused', async () => {
    const body = fc.oneof(
      fc.json({ noUnicodeString: false }),
      almostMessage.map(value => JSON.stringify(value, plainly)),
    )
    await fc.assert(
      fc.asyncProperty(body, async text => expectAnswered(await post(`${server.url}/v1/guest/chat/any`, text))),
      { numRuns: 150 },
    )
  })

  it('any bytes as a body are taken or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async bytes =>
        expectAnswered(await post(`${server.url}/v1/guest/chat/any`, Uint8Array.from(bytes))),
      ),
      { numRuns: 100 },
    )
  })

  it('what was taken is read back as it was sent', async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 })
    let sent = 0
    await fc.assert(
      fc.asyncProperty(text, async content => {
        const chat = `${server.url}/v1/guest/chat/round-trip`
        const response = await post(chat, { role: 'user', content })
        expect(response.status).toBe(content.includes('\u0000') ? 400 : 200)
        if (response.status === 400) return
        const page = await (await fetch(`${chat}?after_seq=${sent - 1}`)).json()
        expect(page).toMatchObject({ messages: [{ content, sequence: sent }] })
        sent += 1
      }),
      { numRuns: 60 },
    )
  })

  it('any path and query is answered or refused', async () => {
    const path = fc.oneof(fc.webPath(), fc.string().map(encodeURIComponent)).map(part => `/v1/guest/chat/${part}`)
    const query = fc.oneof(
      fc.webQueryParameters(),
      fc.string().map(text => `after_seq=${encodeURIComponent(text)}`),
    )
    await fc.assert(
      fc.asyncProperty(path, query, async (place, search) =>
        expectAnswered(await fetch(`${server.url}${place}?${search}`)),
      ),
      { numRuns: 150 },
    )
  })

  it('any bytes on the wire end in an answer or a closed connection, and the server goes on', async () => {
    const lines = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('Host: localhost', 'Content-Length: 3', 'Transfer-Encoding: chunked')),
    )
    const wire = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }).map(bytes => Buffer.from(bytes)),
      lines.map(all => Buffer.from(`POST /v1/guest/chat/wire HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(wire, { minLength: 8, maxLength: 8 }), async all => {
        const answers = await Promise.all(all.map(bytes => rawMessage(server.port, bytes)))
        for (const answer of answers) expect(answer).toMatch(/^(HTTP\/1\.1 [24]\d\d |$)/)
      }),
      { numRuns: 30 },
    )
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    expect(server.logLines).toEqual([])
  })
})

/** `fc.anything()` makes what JSON does not know; text stands for it. */
function plainly(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
