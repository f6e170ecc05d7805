import type { IncomingMessage } from 'node:http'
import { normalTarget } from 'reprise/http'

/** Path and query in normal form: what is keyed is what is sent on. */
export function targetOf(request: IncomingMessage): string {
  const given = request.url ?? '/'
  if (given === '*') return given
  // A client may name the whole URL (RFC 9112 3.2.2); whose it is, the upstream decides.
  return normalTarget(given.startsWith('/') ? given : given.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || '/')
}

/** Without the query. */
export function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}
