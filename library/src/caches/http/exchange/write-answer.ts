import type { IncomingMessage } from 'node:http'
import type { HttpAnswer } from '../messages.ts'
import { type HeaderList, hasHeader } from '../rules/header-list.ts'

/** What of a response of node:http is used to write an answer. */
export interface AnswerSink {
  readonly destroyed: boolean
  /** Of headers that outer middleware has set, which go out with the answer's. */
  getHeaderNames(): readonly string[]
  setHeader(name: string, value: string): unknown
  appendHeader(name: string, value: string): unknown
  writeHead(status: number, reason: string, headers?: string[]): unknown
  /** Answers false when `drain` is to be waited for. */
  write(chunk: Uint8Array): boolean
  end(chunk?: Uint8Array): unknown
  destroy(): unknown
  addTrailers(trailers: [string, string][]): void
  once(event: 'drain' | 'close', listener: () => void): unknown
  off(event: 'drain' | 'close', listener: () => void): unknown
}

/**
 * Writes an answer to a response of node:http, its body as it comes. Never throws: a body that breaks off breaks the
 * connection off, as that is all that can still be said.
 */
export function writeAnswer(request: IncomingMessage, response: AnswerSink, answer: HttpAnswer): void {
  const { status, reason, headers, body } = answer
  try {
    if (body === undefined || body instanceof Uint8Array) {
      writeHead(response, status, reason, withLength(headers, body))
      response.end(request.method === 'HEAD' ? undefined : body)
    } else {
      writeHead(response, status, reason, headers)
      void writeBody(request, response, body, answer)
    }
  } catch {
    response.destroy()
  }
}

async function writeBody(
  request: IncomingMessage,
  response: AnswerSink,
  body: AsyncIterable<Uint8Array>,
  answer: HttpAnswer,
): Promise<void> {
  try {
    for await (const chunk of body) {
      if (response.destroyed) break
      if (!response.write(chunk)) await drained(response)
    }
    const trailers = answer.trailers?.() ?? []
    if (trailers.length > 0 && request.httpVersion !== '1.0') response.addTrailers(pairsOf(trailers))
    response.end()
  } catch {
    response.destroy()
  }
}

/** Resolves when more can be written, or nobody reads any more. */
function drained(response: AnswerSink): Promise<void> {
  return new Promise(resolve => {
    const wake = () => {
      response.off('drain', wake)
      response.off('close', wake)
      resolve()
    }
    response.once('drain', wake)
    response.once('close', wake)
  })
}

function withLength(headers: HeaderList, body: Uint8Array | undefined): HeaderList {
  if (body === undefined || hasHeader(headers, 'content-length')) return headers
  return [...headers, 'Content-Length', String(body.byteLength)]
}

function writeHead(response: AnswerSink, status: number, reason: string, headers: HeaderList): void {
  if (response.getHeaderNames().length === 0) {
    // Node.js takes a list, and does not change it.
    response.writeHead(status, reason, headers as string[])
    return
  }
  // Over headers that are set already a list is slow.
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at] ?? '', headers[at + 1] ?? '']
    if (isRepeated(headers, at)) response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  response.writeHead(status, reason)
}

/** Whether a line of the same field stands before. */
function isRepeated(headers: HeaderList, at: number): boolean {
  const name = headers[at] ?? ''
  for (let before = 0; before < at; before += 2) {
    const other = headers[before]
    if (other?.length === name.length && other.toLowerCase() === name.toLowerCase()) return true
  }
  return false
}

function pairsOf(lines: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at < lines.length; at += 2) pairs.push([lines[at] ?? '', lines[at + 1] ?? ''])
  return pairs
}
