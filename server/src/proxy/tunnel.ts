import type { IncomingMessage } from 'node:http'
import { connect as connectPlain } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectSecure } from 'node:tls'
import { targetOf } from './request-target.ts'

/** Where a tunnel leads, and how. */
export interface TunnelOptions {
  readonly upstream: URL
  readonly preserveHost: boolean
  readonly rejectUnauthorized: boolean
}

/** Upgraded connections (WebSocket) are passed through byte by byte: what goes on in them is not HTTP. */
export function tunnel(request: IncomingMessage, client: Duplex, head: Buffer, options: TunnelOptions): void {
  const { upstream, preserveHost, rejectUnauthorized } = options
  const isSecure = upstream.protocol === 'https:'
  const host = upstream.hostname.replace(/^\[|\]$/g, '')
  const port = upstream.port === '' ? (isSecure ? 443 : 80) : Number(upstream.port)
  const far = isSecure
    ? connectSecure({ host, port, servername: host, rejectUnauthorized })
    : connectPlain({ host, port })
  far.once(isSecure ? 'secureConnect' : 'connect', () => {
    far.write(openingOf(request, preserveHost ? request.headers.host : upstream.host), 'latin1')
    far.write(head)
    far.pipe(client).pipe(far)
  })
  const end = () => {
    far.destroy()
    client.destroy()
  }
  for (const side of [far, client]) side.once('error', end).once('close', end)
}

function openingOf(request: IncomingMessage, host: string | undefined): string {
  const { rawHeaders } = request
  const lines = [`${request.method} ${targetOf(request)} HTTP/1.1`, `Host: ${host ?? ''}`]
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'host') lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
