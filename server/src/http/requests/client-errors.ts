import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { RepriseError } from 'reprise'
import { problemAnswer, problemType } from '../problem.ts'

/** Answers what never became a request: header lines too large, requests that come too slowly, anything but HTTP. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, body } = problemAnswer(problemOf(error.code), requestId)
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function problemOf(code: string | undefined): RepriseError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new RepriseError('headers_too_large', 'The request line and headers may have 16 KB together.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new RepriseError('request_timeout', 'The request took too long to arrive; send it again.')
    default:
      return new RepriseError('malformed_request', 'This is not a well-formed HTTP/1.1 request.')
  }
}
