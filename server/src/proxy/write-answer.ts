import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpAnswer } from 'reprise/http'

/** Writes an answer to the client, its body as it comes. Never rejects: a body that breaks off breaks the connection off. */
export async function writeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: HttpAnswer,
): Promise<void> {
  const { status, reason, body } = answer
  // Field names and values were checked, or came through Node's own parser.
  response.writeHead(status, reason, answer.headers as string[])
  if (body === undefined || body instanceof Uint8Array) {
    response.end(request.method === 'HEAD' ? undefined : body)
    return
  }
  try {
    for await (const chunk of body) {
      if (response.destroyed) break
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    const trailers = answer.trailers?.() ?? []
    if (trailers.length > 0 && request.httpVersion !== '1.0') response.addTrailers(pairsOf(trailers))
    response.end()
  } catch {
    // The status has gone out; all that can still be said is that this is not the whole.
    response.destroy()
  }
}

function pairsOf(lines: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at < lines.length; at += 2) pairs.push([lines[at] ?? '', lines[at + 1] ?? ''])
  return pairs
}
