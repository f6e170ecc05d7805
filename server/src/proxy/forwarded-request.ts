import type { IncomingMessage } from 'node:http'
import type { ForwardRequest } from 'reprise/http'

/** Of one connection alone, or to be made anew for the next one (RFC 9110 7.6.1). */
const ownHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
])

/**
 * What proxies and frameworks add, and applications believe: where the request seems to come from, what it was for. No
 * client may say so, as none of it is part of the key under which the answer is kept.
 */
const forgeable =
  /^(?:x-forwarded-.*|forwarded|x-(?:original|rewrite)-url|x-(?:original|forwarded)?-?host|x-http-method(?:-override)?|x-method-override|x-real-ip|true-client-ip)$/

/** Describes a body, which GET and HEAD are sent without: what it says is not part of the key either. */
const ofBody: ReadonlySet<string> = new Set(['content-length', 'content-type', 'content-encoding', 'trailer'])

export interface ForwardingOptions {
  /** What the upstream gets as `Host`. */
  readonly host: string
  /** What this proxy calls itself in `Via`. */
  readonly name: string
}

/** Whether a request comes without a body, and is answered from what is kept. */
export function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** The header lines that the upstream gets: name, value, name, value … */
export function forwardedHeaders(
  request: IncomingMessage,
  { changes }: ForwardRequest,
  { host, name }: ForwardingOptions,
): string[] {
  const named = new Set((request.headers.connection ?? '').split(',').map(token => token.trim().toLowerCase()))
  const isReading = isRead(request)
  const { rawHeaders } = request
  const lines = ['Host', host]
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] ?? ''
    const lower = field.toLowerCase()
    const isDropped = ownHop.has(lower) || named.has(lower) || forgeable.test(lower) || lower in changes
    if (!isDropped && !(isReading && ofBody.has(lower))) lines.push(field, rawHeaders[at + 1] ?? '')
  }
  for (const [field, value] of Object.entries(changes)) if (value !== undefined) lines.push(field, value)
  lines.push('Via', `${request.httpVersion} ${name}`)
  if (isReading) return lines
  // Only what is never kept may know who asks.
  lines.push('X-Forwarded-For', request.socket.remoteAddress ?? 'unknown')
  // A body of unknown length goes on in chunks.
  if (request.headers['transfer-encoding'] !== undefined) lines.push('Transfer-Encoding', 'chunked')
  return lines
}
