import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { expressCache } from 'reprise/express'
import { fastifyCache } from 'reprise/fastify'
import { cachedFetch } from 'reprise/fetch'
import { afterEach, describe, expect, it } from 'vitest'

/** What the same small application does in each framework: `said` counts what it answered. */
interface Application {
  readonly said: () => number
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const options = { defaultTtl: '1m', cachePaths: ['/*'], excludePaths: ['/me', '/me/*'] } as const

/** What every application answers, by path. */
function headersFor(path: string): Record<string, string> {
  if (path === '/cookie') return { 'set-cookie': 'a=b' }
  if (path === '/private') return { 'cache-control': 'private, max-age=60' }
  if (path === '/no-store') return { 'cache-control': 'no-store' }
  if (path === '/refreshed') return { 'cache-control': 'max-age=0, stale-while-revalidate=60', etag: '"a"' }
  return {}
}

const statusFor = (path: string) => (path === '/broken' ? 500 : path === '/gone' ? 410 : 200)

async function listening(server: Server): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function expressApplication(): Promise<Application> {
  let said = 0
  const app = express()
  app.use((_request: unknown, response: ServerResponse, next: () => void) => {
    response.setHeader('x-request', String(Math.random()))
    next()
  })
  app.use(expressCache(options))
  app.use((request: IncomingMessage, response: ServerResponse) => {
    said += 1
    const path = request.url ?? ''
    response.writeHead(statusFor(path), headersFor(path))
    response.write(`answer ${said} `)
    response.end(String(request.headers['x-forwarded-host']))
  })
  const url = await listening(createServer(app))
  return { said: () => said, ask: (path, init) => fetch(url + path, init) }
}

async function fastifyApplication(): Promise<Application> {
  let said = 0
  const app = Fastify()
  await app.register(fastifyCache(options))
  app.all('/*', (request, reply) => {
    said += 1
    reply.code(statusFor(request.url)).headers(headersFor(request.url))
    reply.send(`answer ${said} ${request.headers['x-forwarded-host']}`)
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  closing.push(() => app.close())
  return { said: () => said, ask: (path, init) => fetch(url + path, init) }
}

async function honoApplication(): Promise<Application> {
  let said = 0
  const app = new Hono()
  app.all('/*', context => {
    said += 1
    const { path } = context.req
    const text = `answer ${said} ${context.req.header('x-forwarded-host')}`
    return new Response(text, { status: statusFor(path), headers: headersFor(path) })
  })
  const cached = cachedFetch(app.fetch, options)
  return { said: () => said, ask: (path, init) => cached(new Request(`http://app.test${path}`, init)) }
}

describe.each([
  ['Fastify', fastifyApplication],
  ['Express', expressApplication],
  ['Hono', honoApplication],
])('D5 the middleware in %s', (_, start) => {
  it('keeps what says nothing for the default TTL, on the paths that were named', async () => {
    const { ask, said } = await start()
    const first = await (await ask('/page')).text()
    const again = await ask('/page')
    expect(await again.text()).toBe(first)
    expect(again.headers.get('cache-status')).toMatch(/^reprise; hit; ttl=\d+$/)
    expect(again.headers.get('age')).toMatch(/^\d+$/)
    await ask('/gone')
    await ask('/gone')
    expect(said()).toBe(2)
  })

  it.each(['/me', '/me/2', '/cookie', '/private', '/no-store', '/broken', '/a/..%2fme', '/a;b'])(
    'keeps nothing of %s',
    async path => {
      const { ask, said } = await start()
      await (await ask(path)).text()
      await (await ask(path)).text()
      expect(said()).toBe(2)
    },
  )

  it('keeps apart what other proxies say that was asked for', async () => {
    const { ask } = await start()
    const evil = await (await ask('/page', { headers: { 'x-forwarded-host': 'evil.test' } })).text()
    expect(evil).toContain('evil.test')
    expect(await (await ask('/page')).text()).toContain('undefined')
  })

  it('is emptied by what changes something', async () => {
    const { ask } = await start()
    const first = await (await ask('/page')).text()
    await (await ask('/page', { method: 'DELETE' })).text()
    expect(await (await ask('/page')).text()).not.toBe(first)
  })

  it('serves what is stale, and runs the application once more in the background', async () => {
    const { ask, said } = await start()
    const first = await (await ask('/refreshed')).text()
    expect(await (await ask('/refreshed')).text()).toBe(first)
    await expect.poll(said).toBe(2)
    await expect.poll(async () => (await ask('/refreshed')).text()).toContain('answer 2')
  })

  it('serves many who ask at once by one answer', async () => {
    const { ask, said } = await start()
    await Promise.all(Array.from({ length: 10 }, async () => (await ask('/page')).text()))
    expect(said()).toBe(1)
  })
})

describe('D5 the middleware', () => {
  it('leaves headers of outer middleware out of what it keeps', async () => {
    const { ask } = await expressApplication()
    const first = await ask('/page')
    const second = await ask('/page')
    expect(second.headers.get('cache-status')).toContain('; hit')
    expect(second.headers.get('x-request')).not.toBe(first.headers.get('x-request'))
  })

  it('passes on what an application streams, with its back-pressure, and keeps it', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x')
    let drained = 0
    const app = express()
    app.use(expressCache({ maxBodyBytes: '16mb' }))
    app.use((_request: unknown, response: ServerResponse) => {
      response.writeHead(200, { 'cache-control': 'max-age=60' })
      let left = 100
      const more = () => {
        while (left > 0) {
          left -= 1
          if (!response.write(chunk)) {
            drained += 1
            response.once('drain', more)
            return
          }
        }
        response.end()
      }
      more()
    })
    const url = await listening(createServer(app))
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(6_553_600)
    expect(drained).toBeGreaterThan(0)
    const again = await fetch(url)
    expect(again.headers.get('cache-status')).toContain('; hit')
    expect((await again.arrayBuffer()).byteLength).toBe(6_553_600)
  })

  it('refuses options that cannot be meant', () => {
    expect(() => fastifyCache({ defaultTtl: '1m' })).toThrow(/cachePaths/)
    expect(() => expressCache({ cachePaths: ['articles'] })).toThrow(/cachePaths/)
    expect(() => cachedFetch(() => new Response(), { defaultTtl: 'soon', cachePaths: ['/*'] })).toThrow(/defaultTtl/)
    // @ts-expect-error There is no such option.
    expect(() => fastifyCache({ ttl: '1m' })).toThrow(/ttl/)
  })

  it('hands on the errors of the application unchanged', async () => {
    const mine = new Error('mine')
    const cached = cachedFetch(() => Promise.reject(mine))
    await expect(cached(new Request('http://app.test/'))).rejects.toBe(mine)
  })
})
