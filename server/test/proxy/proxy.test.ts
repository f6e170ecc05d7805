import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningProxyOptions, runProxy } from './running-proxy.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A proxy in front of a server; `heard` are the requests that reached it. */
async function behindProxy(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: RunningProxyOptions = {},
) {
  const heard: IncomingMessage[] = []
  const server = createServer((request, response) => {
    heard.push(request)
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  const origin = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const proxy = await runProxy(origin, options)
  closing.push(() => proxy.close())
  return { proxy, server, heard, origin }
}

interface Exchange {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly trailers: IncomingMessage['trailers']
  readonly text: string
  readonly interim: readonly { readonly status: number; readonly headers: unknown }[]
}

function ask(url: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Exchange> {
  const { hostname, port } = new URL(url)
  // Not as URL makes it of it: some of these paths are not in normal form.
  const path = url.slice(url.indexOf('/', 'http://'.length))
  return new Promise((resolve, reject) => {
    const interim: { status: number; headers: unknown }[] = []
    const outgoing = requestHttp({ hostname, port, path, method, headers, agent: false })
    outgoing.on('information', ({ statusCode, headers: early }) => interim.push({ status: statusCode, headers: early }))
    outgoing.on('error', reject)
    outgoing.on('response', incoming => {
      incoming.setEncoding('utf8')
      let text = ''
      incoming.on('data', (chunk: string) => {
        text += chunk
      })
      incoming.on('error', reject)
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          trailers: incoming.trailers,
          text,
          interim,
        }),
      )
    })
    outgoing.end(body)
  })
}

const lasting = { 'Cache-Control': 'max-age=60' }

describe('D5 the proxy', () => {
  it('passes interim responses on, and keeps neither them nor their headers', async () => {
    const { proxy, heard } = await behindProxy((_request, response) => {
      response.writeProcessing()
      response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style', 'x-early': 'yes' })
      response.writeHead(200, lasting).end('final')
    })
    const first = await ask(`${proxy.url}/`)
    expect(first.interim).toMatchObject([
      { status: 102 },
      { status: 103, headers: { link: '</a.css>; rel=preload; as=style', 'x-early': 'yes' } },
    ])
    expect(first.headers['x-early']).toBeUndefined()
    const second = await ask(`${proxy.url}/`)
    expect(second).toMatchObject({ text: 'final', interim: [] })
    expect(second.headers['x-early']).toBeUndefined()
    expect(heard).toHaveLength(1)
  })

  it('passes trailers on', async () => {
    const { proxy } = await behindProxy((_request, response) => {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('body')
      response.addTrailers({ 'X-Sum': '42' })
      response.end()
    })
    expect(await ask(`${proxy.url}/`)).toMatchObject({ text: 'body', trailers: { 'x-sum': '42' } })
  })

  it('sends on nothing that could forge what is kept, nor what belongs to one connection', async () => {
    const { proxy, heard, origin } = await behindProxy((_request, response) =>
      response.writeHead(200, lasting).end('x'),
    )
    const forged = {
      Host: 'evil.test',
      'X-Forwarded-Host': 'evil.test',
      'X-Forwarded-For': '6.6.6.6',
      Forwarded: 'host=evil.test',
      'X-Original-URL': '/admin',
      'X-HTTP-Method-Override': 'POST',
      Connection: 'close, X-Secret',
      'X-Secret': '1',
      TE: 'trailers',
      'X-Kept': 'yes',
    }
    await ask(`${proxy.url}/`, forged)
    const fields = heard[0]?.headers ?? {}
    expect(fields).toMatchObject({ host: origin.host, via: '1.1 reprise', 'x-kept': 'yes' })
    for (const name of ['x-forwarded-host', 'x-forwarded-for', 'forwarded', 'x-original-url', 'x-secret', 'te']) {
      expect(fields[name]).toBeUndefined()
    }
    expect(fields['x-http-method-override']).toBeUndefined()
  })

  it('sends no body on with GET, and tells the upstream of others who asks', async () => {
    let body = ''
    const { proxy, heard } = await behindProxy((request, response) => {
      request.on('data', chunk => {
        body += chunk
      })
      request.on('end', () => response.writeHead(200, lasting).end('x'))
    })
    await ask(`${proxy.url}/`, { 'Content-Length': '4' }, 'GET', 'evil')
    expect([body, heard[0]?.headers['content-length']]).toEqual(['', undefined])
    await ask(`${proxy.url}/`, {}, 'POST', 'good')
    expect([body, heard[1]?.headers['x-forwarded-for']]).toEqual(['good', '127.0.0.1'])
  })

  it('brings path and query into one form, keys by it and sends it on', async () => {
    const { proxy, heard } = await behindProxy((request, response) => response.writeHead(200, lasting).end(request.url))
    const texts: string[] = []
    for (const path of ['/a/~b?x=%2F', '/a/./%7eb?x=%2f', '/c/../a/%7Eb?x=%2f'])
      texts.push((await ask(proxy.url + path)).text)
    expect(new Set(texts)).toEqual(new Set(['/a/~b?x=%2F']))
    expect(heard).toHaveLength(1)
    expect((await ask(`${proxy.url}/a%2F~b?x=%2F`)).text).toBe('/a%2F~b?x=%2F')
  })

  it('keeps hosts apart that are sent on', async () => {
    const { proxy } = await behindProxy(
      (request, response) => response.writeHead(200, lasting).end(request.headers.host),
      {
        preserveHost: true,
      },
    )
    const hosts = ['a.test', 'b.test', 'A.test']
    const texts = await Promise.all(hosts.map(async Host => (await ask(`${proxy.url}/`, { Host })).text))
    expect(texts.map(text => text.toLowerCase())).toEqual(['a.test', 'b.test', 'a.test'])
  })

  it('purges by URL, prefix and tag for whoever has the key', async () => {
    let answers = 0
    const { proxy } = await behindProxy(
      (_request, response) => {
        answers += 1
        response.writeHead(200, { ...lasting, 'Cache-Tag': 'news, home' }).end(`answer ${answers}`)
      },
      { purgeKey: 'secret' },
    )
    const key = { Authorization: 'Bearer secret' }
    const text = async () => (await ask(`${proxy.url}/a/b`)).text
    expect(await text()).toBe('answer 1')
    expect((await ask(`${proxy.url}/a/b`, {}, 'PURGE')).status).toBe(401)
    expect((await ask(`${proxy.url}/a/b`, { Authorization: 'Bearer secrets' }, 'PURGE')).status).toBe(401)
    expect(await text()).toBe('answer 1')
    expect((await ask(`${proxy.url}/a/b`, key, 'PURGE')).status).toBe(204)
    expect(await text()).toBe('answer 2')
    await ask(`${proxy.url}/a`, { ...key, 'Purge-Prefix': '1' }, 'PURGE')
    expect(await text()).toBe('answer 3')
    await ask(`${proxy.url}/`, { ...key, 'Surrogate-Key': 'home' }, 'PURGE')
    expect(await text()).toBe('answer 4')
  })

  it('has no PURGE without a key', async () => {
    const { proxy, heard } = await behindProxy((_request, response) => response.end('x'))
    expect((await ask(`${proxy.url}/`, {}, 'PURGE')).status).toBe(405)
    expect(heard).toHaveLength(0)
  })

  it('answers 502 where the upstream breaks off, 504 where it is silent, and tells of it', async () => {
    const { proxy } = await behindProxy(
      (request, response) => {
        if (request.url === '/broken') response.destroy()
      },
      { upstreamTimeoutMs: 200 },
    )
    const broken = await ask(`${proxy.url}/broken`)
    expect(broken).toMatchObject({ status: 502, headers: { 'content-type': 'application/problem+json' } })
    expect(JSON.parse(broken.text)).toMatchObject({ status: 502, title: 'Bad Gateway' })
    expect((await ask(`${proxy.url}/silent`)).status).toBe(504)
    expect(proxy.failures).toHaveLength(2)
  })

  it('breaks off where the upstream does after its header, and keeps nothing of it', async () => {
    const { proxy, heard } = await behindProxy((_request, response) => {
      response.writeHead(200, { ...lasting, 'Content-Length': '100' })
      response.write('begin')
      setTimeout(() => response.destroy(), 20)
    })
    await expect(ask(`${proxy.url}/`)).rejects.toThrow()
    await expect(ask(`${proxy.url}/`)).rejects.toThrow()
    expect(heard).toHaveLength(2)
  })

  it('answers itself where a request may go no further', async () => {
    const { proxy, heard } = await behindProxy((_request, response) => response.end('x'))
    expect((await ask(`${proxy.url}/`, { 'Max-Forwards': '0' }, 'OPTIONS')).status).toBe(204)
    expect(heard).toHaveLength(0)
  })

  it('passes upgraded connections through', async () => {
    const { proxy, server } = await behindProxy((_request, response) => response.end())
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.pipe(socket)
    })
    const { hostname, port } = new URL(proxy.url)
    const socket = connect(Number(port), hostname)
    socket.setEncoding('utf8')
    let heard = ''
    socket.on('data', chunk => {
      heard += chunk
      if (heard.endsWith('\r\n\r\n')) socket.write('hello')
    })
    socket.write('GET /chat HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    await expect.poll(() => heard).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nhello$/)
    socket.destroy()
  })
})
