import * as http from 'node:http'
import * as https from 'node:https'

export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly isStale: boolean
  readonly body: string
}

export interface Exchange {
  send(request: HttpRequest): Promise<HttpAnswer>
  close(): void
}

const answerTimeoutMs = 30_000

/** Sends requests over a bounded number of connections that are kept open. */
export function exchanger(base: URL, connections: number): Exchange {
  const { Agent, request: open } = base.protocol === 'https:' ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const prefix = base.pathname.replace(/\/$/, '')

  function send({ method, path, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
      const request = open(
        new URL(`${prefix}${path}`, base),
        { method, agent, signal, timeout: answerTimeoutMs, headers: { ...headers, ...length } },
        response => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const { statusCode: status = 0, headers: answered } = response
            resolve({
              status,
              retryAfter: answered['retry-after'],
              isStale: answered['x-reprise-stale'] === 'true',
              body: Buffer.concat(chunks).toString('utf8'),
            })
          })
        },
      )
      request.on('timeout', () => request.destroy(new Error(`no answer within ${answerTimeoutMs} ms`)))
      request.on('error', reject)
      request.end(body)
    })
  }
  return { send, close: () => agent.destroy() }
}
