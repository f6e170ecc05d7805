import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawExchange } from './exchange.ts'
import { openStores, type Stores, startServer } from './running-server.ts'

let stores: Stores
beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores?.[Symbol.asyncDispose]())

const ask = 'GET /v1/guest/chat/exported/export HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

describe('an export that does not end well', () => {
  it('breaks off visibly when the database goes away in the middle, and is logged', async () => {
    await using server = await startServer(stores, {
      conversations: real => ({
        ...real,
        exportLines: async () =>
          (async function* () {
            yield '{"sequence":0}\n'
            throw new TypeError('the cursor is gone')
          })(),
      }),
    })
    const answer = await rawExchange(server.port, ask)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('{"sequence":0}')
    // The last chunk, which ends a whole answer, never came.
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/)
    expect(server.logLines).toMatchObject([{ level: 50, code: 'internal_error', cause: 'TypeError' }])
  })

  it('reads no further than a slow client takes, and stops when the client leaves', async () => {
    let yielded = 0
    const stopped = Promise.withResolvers<void>()
    await using server = await startServer(stores, {
      conversations: real => ({
        ...real,
        exportLines: async () =>
          (async function* () {
            try {
              for (;;) {
                yielded += 1
                yield `${'x'.repeat(1_000_000)}\n`
              }
            } finally {
              stopped.resolve()
            }
          })(),
      }),
    })
    const socket = connect(server.port, '127.0.0.1', () => socket.write(ask))
    socket.pause()
    await expect.poll(() => yielded).toBeGreaterThan(1)
    const before = yielded
    await expect
      .poll(async () => {
        const earlier = yielded
        await new Promise(resolve => setTimeout(resolve, 100))
        return yielded - earlier
      })
      .toBe(0)
    expect(yielded).toBeLessThan(before + 50)
    socket.destroy()
    await stopped.promise
  })
})
