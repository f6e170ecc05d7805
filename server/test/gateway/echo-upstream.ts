import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as an upstream saw it. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface EchoUpstream extends AsyncDisposable {
  readonly url: string
  readonly seen: Seen[]
  /** Callers that went before their answer was whole. */
  readonly gone: number
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A server over HTTP that remembers what it was asked, and answers as told; by default with what it was asked. */
export async function startEchoUpstream(answer: Answer = echo): Promise<EchoUpstream> {
  const seen: Seen[] = []
  let gone = 0
  const server = createServer(async (request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) gone += 1
    })
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      return
    }
    const body = Buffer.concat(chunks).toString()
    seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
    answer(request, response, body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    get gone() {
      return gone
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function echo(request: IncomingMessage, response: ServerResponse, body: string): void {
  response.setHeader('content-type', 'application/json')
  response.setHeader('x-request-id', 'of-the-upstream')
  response.end(JSON.stringify({ method: request.method, path: request.url, body }))
}
