import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Forward,
  type HttpCache,
  type HttpRequest,
  type PathRule,
  ValidationFailure,
  writeAnswer,
} from 'reprise/http'
import { isRead } from './forwarded-request.ts'
import { answerPurge } from './purge.ts'
import { pathOf, targetOf } from './request-target.ts'
import { tunnel } from './tunnel.ts'
import { Upstream, UpstreamTimeout } from './upstream.ts'

export interface ProxyOptions {
  readonly upstream: URL
  readonly host: string
  readonly port: number
  readonly cache: HttpCache
  readonly pathRule: (path: string) => PathRule
  /** Sends the client's own `Host` on, and keeps what it gets under it. Default: the upstream's. */
  readonly preserveHost: boolean
  /** What a `PURGE` must bring as bearer; undefined = nobody purges over HTTP. */
  readonly purgeKey: string | undefined
  readonly upstreamTimeoutMs: number
  readonly rejectUnauthorized: boolean
  /** Told of upstreams that failed, for the log. */
  readonly onFailure: (error: unknown) => void
}

export interface ReverseProxy {
  readonly url: string
  close(): Promise<void>
}

/** How this proxy calls itself in `Via`. */
const name = 'reprise'

/** Starts a caching reverse proxy in front of one upstream. */
export async function startProxy(options: ProxyOptions): Promise<ReverseProxy> {
  const { upstream: url, upstreamTimeoutMs: timeoutMs, rejectUnauthorized } = options
  const upstream = new Upstream({ url, timeoutMs, rejectUnauthorized })
  const server = createServer((request, response) => {
    void answer(request, response, options, upstream)
  })
  options.cache.on('origin_failed', ({ error }) => options.onFailure(error))
  server.on('upgrade', (request, socket, head) => tunnel(request, socket, head, options))
  await listen(server, options)
  const { address, family, port } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeIdleConnections()
      await closed
      upstream.close()
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: ProxyOptions,
  upstream: Upstream,
): Promise<void> {
  try {
    if (request.method === 'PURGE') return await answerPurge(request, response, options)
    if (hopsAreUsedUp(request)) return refuse(request, response, request.method === 'OPTIONS' ? 204 : 405)
    const target = targetOf(request)
    const host = options.preserveHost ? (request.headers.host ?? options.upstream.host) : options.upstream.host
    // What GET brings as a body is nobody's: it is not part of the key.
    if (isRead(request)) request.resume()
    const rule = options.pathRule(pathOf(target))
    const asked: HttpRequest = {
      method: request.method ?? 'GET',
      url: `${options.upstream.protocol}//${host.toLowerCase()}${target}`,
      fields: request.headers,
      defaultTtlMs: rule.defaultTtlMs,
    }
    const hit = rule.isExcluded ? undefined : options.cache.answerNow(asked)
    if (hit !== undefined) return writeAnswer(request, response, hit)
    const forward: Forward = ask => upstream.ask({ request, response, target }, ask, { host, name })
    const given = rule.isExcluded
      ? await forward({ changes: {}, isBackground: false })
      : await options.cache.handle(asked, forward)
    writeAnswer(request, response, given)
  } catch (error) {
    const cause = error instanceof ValidationFailure ? error.cause : error
    options.onFailure(cause)
    refuse(request, response, cause instanceof UpstreamTimeout || error instanceof ValidationFailure ? 504 : 502)
  }
}

/** RFC 9110 7.6.2: such a request goes no further. */
function hopsAreUsedUp({ method, headers }: IncomingMessage): boolean {
  return (method === 'TRACE' || method === 'OPTIONS') && headers['max-forwards'] === '0'
}

/** Answers for the proxy itself, as RFC 9457 has it. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const detail = details[status] ?? 'The proxy cannot answer this request.'
  const body = JSON.stringify({ type: 'about:blank', title: titles[status] ?? 'Error', status, detail })
  const isEmpty = status === 204 || request.method === 'HEAD'
  response.writeHead(status, { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
  response.end(isEmpty ? undefined : body)
}

const titles: Readonly<Record<number, string>> = {
  405: 'Method Not Allowed',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
}
const details: Readonly<Record<number, string>> = {
  405: 'The request may go no further, and the proxy itself has no such method.',
  502: 'The upstream cannot be reached, or broke off.',
  504: 'The upstream did not answer in time, or what is kept may not be served without it.',
}

function listen(server: Server, { host, port }: ProxyOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}
