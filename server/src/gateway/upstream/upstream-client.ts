import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { Agent } from 'undici'
import { upstreamFailure } from './upstream-failure.ts'
import { type Upstream, urlAt } from './upstreams.ts'

export interface UpstreamRequest {
  readonly method: string
  /** As the gateway was asked, with the query: `/v1/models?limit=2`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: Uint8Array | Readable | undefined
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface UpstreamAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The bytes as they came, still encoded as the headers say. Has to be read or destroyed. */
  readonly body: Readable
}

export interface UpstreamClient {
  /**
   * Calls an upstream. Any answer is an answer, whatever its status.
   * @throws RepriseError `upstream_unreachable`, `upstream_timeout`; the signal's reason when it was aborted
   */
  call(upstream: Upstream, request: UpstreamRequest): Promise<UpstreamAnswer>
  close(): Promise<void>
}

/** Connections to one upstream at most; past it requests wait for one. */
const connectionsEach = 512
const connectTimeoutMs = 10_000
/** Shorter than what providers and load balancers keep, so that a request seldom meets a connection that is just ending. */
const keepAliveMs = 30_000

/** Calls upstreams over connections that are kept. `silenceMs`: how long one may say nothing. */
export function createUpstreamClient({ silenceMs }: { readonly silenceMs: number }): UpstreamClient {
  const agent = new Agent({
    connections: connectionsEach,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connect: { timeout: connectTimeoutMs, noDelay: true },
  })
  return {
    call: async (upstream, { method, path, headers, body, signal }) => {
      const { origin, pathname, search } = new URL(urlAt(upstream, path))
      try {
        const answer = await agent.request({
          origin,
          path: pathname + search,
          // Every method is one of HTTP's; undici's list lacks none that a route takes.
          method: method as 'GET',
          headers: { ...headers },
          body: body ?? null,
          signal,
        })
        return { status: answer.statusCode, headers: answer.headers, body: answer.body }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw upstreamFailure(error, upstream)
      }
    },
    close: () => agent.destroy(),
  }
}
