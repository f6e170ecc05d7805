import type { IncomingHttpHeaders } from 'node:http'

/** What belongs to one connection, not to the message (RFC 9110, section 7.6.1), and what is made anew for the next one. */
const ofOneConnection = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'expect', 'host', 'content-length', 'http2-settings'],
])

/** Of the way here, which is nobody's business further on. */
const ofTheWay = /^(?:x-reprise-|x-forwarded-|x-real-ip$|forwarded$|via$|cf-|sec-fetch-|origin$|referer$)/

/** The headers of a request that go on to the upstream. */
export function headersForUpstream(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = namedByConnection(headers.connection)
  const relayed: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || ofOneConnection.has(name) || named.has(name) || ofTheWay.test(name)) continue
    relayed[name] = value
  }
  return relayed
}

/** The headers of an upstream's answer that go on to the caller; those that Reprise sets itself stay its own. */
export function headersForCaller(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = namedByConnection(headers.connection)
  const relayed: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || named.has(name)) continue
    // The length stays: the bytes do.
    if (ofOneConnection.has(name) && name !== 'content-length') continue
    if (name === 'x-request-id') relayed['x-upstream-request-id'] = value
    else if (!name.startsWith('x-reprise-')) relayed[name] = value
  }
  return relayed
}

/** A sender may name more headers that are for this connection alone. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  return new Set(connection?.split(',').map(name => name.trim().toLowerCase()))
}
