import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Stored {
  readonly role: string
  readonly content: string
  readonly timestamp: string
}

export interface FaultyChatOptions {
  /** Changes what a guest's history looks like when it is read back. */
  readonly spoil?: (history: readonly Stored[], guest: string) => readonly Stored[]
  /** Answers in place of storing, where it wants to. */
  readonly refuse?: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Histories longer than this answer 413, so that they are read page by page. */
  readonly maxHistory?: number
}

export interface FaultyChat extends AsyncDisposable {
  readonly url: string
  readonly histories: ReadonlyMap<string, readonly Stored[]>
  readonly appends: number
}

/**
 * A chat over HTTP that lies on request. The real server does not lose or alter messages, so that only this one can show
 * that a check would notice.
 */
export async function startFaultyChat(options: FaultyChatOptions = {}): Promise<FaultyChat> {
  const { spoil = history => history, refuse = () => false, maxHistory = Number.POSITIVE_INFINITY } = options
  const histories = new Map<string, Stored[]>()
  const seenKeys = new Set<string>()
  let appends = 0

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const guest = decodeURIComponent(url.pathname.split('/').at(-1) ?? '')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (refuse(request, response)) return
    if (request.method === 'POST') {
      appends += 1
      const key = `${guest} ${request.headers['idempotency-key']}`
      const history = histories.get(guest) ?? []
      const message = { timestamp: '2026-01-01T00:00:00.000Z', ...JSON.parse(Buffer.concat(chunks).toString('utf8')) }
      if (!seenKeys.has(key)) history.push(message)
      seenKeys.add(key)
      histories.set(guest, history)
      return answer(response, 200, { status: 'saved' })
    }
    const history = spoil(histories.get(guest) ?? [], guest)
    const after = url.searchParams.get('after_seq')
    if (after === null && history.length > maxHistory) return answer(response, 413, { code: 'history_too_large' })
    if (after === null) return answer(response, 200, history)
    const from = Number(after) + 1
    const page = history.slice(from, from + 2)
    const end = from + page.length
    answer(response, 200, { messages: page, next_after_seq: end < history.length ? end - 1 : null })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    histories,
    get appends() {
      return appends
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
