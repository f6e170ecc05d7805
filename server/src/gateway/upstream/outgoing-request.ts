import type { IncomingHttpHeaders } from 'node:http'
import { type Caller, keyMissing } from '../callers/callers.ts'
import { headersForUpstream } from './relayed-headers.ts'
import type { Upstream } from './upstreams.ts'

/**
 * The headers that a caller's request goes on with: its own, and the server's key where the caller brings none. A user's
 * token is for this server alone and never goes on.
 * @throws RepriseError `not_authorized` where the upstream asks for the server's key and the caller may not use it
 */
export function outgoingHeaders(
  path: string,
  headers: IncomingHttpHeaders,
  caller: Caller,
  upstream: Upstream,
): Record<string, string | string[]> {
  const outgoing = headersForUpstream(headers)
  if (caller.bringsKey) return outgoing
  delete outgoing['authorization']
  delete outgoing['x-api-key']
  if (upstream.apiKey === undefined) return outgoing
  if (!caller.mayUseServerKey) throw keyMissing()
  if (speaksAnthropic(path, headers)) outgoing['x-api-key'] = upstream.apiKey
  else outgoing['authorization'] = `Bearer ${upstream.apiKey}`
  return outgoing
}

function speaksAnthropic(path: string, headers: IncomingHttpHeaders): boolean {
  return path.startsWith('/v1/messages') || headers['anthropic-version'] !== undefined
}
