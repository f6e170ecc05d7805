import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStores, type RunningServer, type Stores, startServer } from './running-server.ts'

let stores: Stores
beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores?.[Symbol.asyncDispose]())

interface HeldServer extends RunningServer {
  /** Resolves when a read has begun; it ends when `release` is called. */
  readonly reached: Promise<void>
  release(): void
}

async function startHeld(): Promise<HeldServer> {
  const reached = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const server = await startServer(stores, {
    conversations: real => ({
      ...real,
      history: async guestId => {
        reached.resolve()
        await held.promise
        return real.history(guestId)
      },
    }),
  })
  return { ...server, reached: reached.promise, release: held.resolve }
}

describe('stopping', () => {
  it('running requests are finished, their connections closed, and new ones refused', async () => {
    const server = await startHeld()
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    const running = fetch(`${server.url}/v1/guest/chat/held`)
    await server.reached
    const startedAt = performance.now()
    const closing = server.close()
    await expect.poll(() => fetch(`${server.url}/healthz`).then(String, () => 'refused')).toBe('refused')
    server.release()
    const answered = await running
    expect([answered.status, await answered.text()]).toEqual([200, '[]'])
    await closing
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  it('a request that comes on a busy connection meanwhile is answered stopping', async () => {
    const server = await startHeld()
    const socket = connect(server.port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    const ended = new Promise(resolve => socket.once('close', resolve))
    const line = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
    socket.write(line('/v1/guest/chat/one'))
    await server.reached
    const closing = server.close()
    await sleep(20)
    socket.write(line('/healthz'))
    await sleep(100)
    server.release()
    await ended
    await closing
    const [first = '', second = ''] = Buffer.concat(chunks)
      .toString()
      .split(/(?<=\[\])(?=HTTP)/)
    expect(first).toMatch(/^HTTP\/1\.1 200 /)
    expect(second).toMatch(/^HTTP\/1\.1 503 /)
    expect(second.toLowerCase()).toMatch(/\r\nretry-after: 1\r\n/)
    expect(second).toContain('"code":"stopping"')
  })
})
