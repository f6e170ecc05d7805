import {
  Agent as HttpAgent,
  type IncomingMessage,
  type InformationEvent,
  request as requestHttp,
  type ServerResponse,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { ForwardRequest, OriginResponse } from 'reprise/http'
import { type ForwardingOptions, forwardedHeaders, isRead } from './forwarded-request.ts'

export interface UpstreamOptions {
  readonly url: URL
  /** How long the upstream may be silent. */
  readonly timeoutMs: number
  /** Whether certificates are checked, for `https:`. */
  readonly rejectUnauthorized: boolean
}

/** One client's request on its way on. */
export interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Path and query in normal form. */
  readonly target: string
}

/** The upstream did not answer in time. */
export class UpstreamTimeout extends Error {}

/** The server behind the proxy, over connections that are kept. */
export class Upstream {
  readonly #options: UpstreamOptions
  readonly #agent: HttpAgent
  readonly #request: typeof requestHttp

  constructor(options: UpstreamOptions) {
    this.#options = options
    const isSecure = options.url.protocol === 'https:'
    const keep = { keepAlive: true, maxSockets: 256, scheduling: 'lifo' } as const
    this.#agent = isSecure
      ? new HttpsAgent({ ...keep, rejectUnauthorized: options.rejectUnauthorized })
      : new HttpAgent(keep)
    // Both take what is given here.
    this.#request = isSecure ? requestHttps : requestHttp
  }

  /** Sends a request on. @throws when the upstream cannot be reached, or breaks off before its header */
  ask(passage: Passage, ask: ForwardRequest, forwarding: ForwardingOptions): Promise<OriginResponse> {
    const { request, response, target } = passage
    const { url, timeoutMs } = this.#options
    const method = ask.isBackground ? 'GET' : (request.method ?? 'GET')
    return new Promise((resolve, reject) => {
      const outgoing = this.#request({
        agent: this.#agent,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
        method,
        path: target,
        headers: forwardedHeaders(request, ask, forwarding),
        setHost: false,
        timeout: timeoutMs,
      })
      outgoing.on('timeout', () => outgoing.destroy(new UpstreamTimeout('The upstream did not answer in time.')))
      outgoing.on('error', reject)
      outgoing.on('response', incoming => resolve(answerOf(incoming, method)))
      if (!ask.isBackground) outgoing.on('information', interim => relayInterim(interim, request, response))
      if (isRead(request)) {
        outgoing.end()
        return
      }
      // Nobody else waits for what is never kept.
      response.on('close', () => outgoing.destroy())
      request.pipe(outgoing)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

function answerOf(incoming: IncomingMessage, method: string): OriginResponse {
  const status = incoming.statusCode ?? 502
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304
  if (!hasBody) incoming.resume()
  return {
    status,
    reason: incoming.statusMessage ?? '',
    headers: incoming.rawHeaders,
    body: hasBody ? incoming : undefined,
    trailers: () => incoming.rawTrailers,
  }
}

/** Interim responses go to whoever asked, and are never kept (RFC 9110 15.2). */
function relayInterim(
  { statusCode, rawHeaders, headers }: InformationEvent,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const isRelayed = statusCode !== 100 && statusCode !== 101 && request.httpVersion !== '1.0' && !response.headersSent
  if (!isRelayed) return
  // Older versions of Node.js can write these two alone.
  if (typeof response.writeInformation === 'function') response.writeInformation(statusCode, rawHeaders)
  else if (statusCode === 102) response.writeProcessing()
  else if (statusCode === 103 && headers['link'] !== undefined) response.writeEarlyHints({ link: headers['link'] })
}
