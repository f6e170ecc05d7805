import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Request {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a text is sent as it is. */
  readonly body?: unknown
  /** Keeps the caller waiting; `never` until it goes away. */
  readonly delayMs?: number | 'never'
  /** Breaks the connection in place of an answer. */
  readonly cut?: boolean
}

export interface JsonServer extends AsyncDisposable {
  readonly url: string
  readonly requests: Request[]
  /** How many calls were open at once at most. */
  readonly mostAtOnce: number
}

/** An HTTP server on a free loopback port that answers POSTs as it is told. */
export async function startJsonServer(answer: (request: Request) => Answer | Promise<Answer>): Promise<JsonServer> {
  const requests: Request[] = []
  let open = 0
  let mostAtOnce = 0
  const server = createServer(async (incoming, outgoing) => {
    open += 1
    mostAtOnce = Math.max(mostAtOnce, open)
    outgoing.on('close', () => {
      open -= 1
    })
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const request = { path: incoming.url ?? '', headers: incoming.headers, body: Buffer.concat(chunks).toString() }
    requests.push(request)
    const { status = 200, headers, body, delayMs = 0, cut = false } = await answer(request)
    if (delayMs === 'never') return
    if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
    if (cut) {
      outgoing.destroy()
      return
    }
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers })
    outgoing.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    get mostAtOnce() {
      return mostAtOnce
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
