import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpAnswer } from '../messages.ts'
import { type HeaderList, hasHeader } from '../rules/header-list.ts'

/**
 * Writes an answer to a response of node:http, its body as it comes. Never rejects: a body that breaks off breaks the
 * connection off, as that is all that can still be said.
 */
export async function writeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: HttpAnswer,
): Promise<void> {
  const { status, reason, body } = answer
  if (body === undefined || body instanceof Uint8Array) {
    response.writeHead(status, reason, withLength(answer.headers, body))
    response.end(request.method === 'HEAD' ? undefined : body)
    return
  }
  // Node.js takes a list, and does not change it.
  response.writeHead(status, reason, answer.headers as string[])
  try {
    for await (const chunk of body) {
      if (response.destroyed) break
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    const trailers = answer.trailers?.() ?? []
    if (trailers.length > 0 && request.httpVersion !== '1.0') response.addTrailers(pairsOf(trailers))
    response.end()
  } catch {
    response.destroy()
  }
}

function withLength(headers: HeaderList, body: Uint8Array | undefined): string[] {
  // As above.
  if (body === undefined || hasHeader(headers, 'content-length')) return headers as string[]
  return [...headers, 'Content-Length', String(body.byteLength)]
}

function pairsOf(lines: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at < lines.length; at += 2) pairs.push([lines[at] ?? '', lines[at + 1] ?? ''])
  return pairs
}
