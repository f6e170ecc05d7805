import type { IncomingHttpHeaders } from 'node:http'
import { RepriseError } from 'reprise'
import { isLoopback } from '../../config/loopback.ts'
import type { Settings } from '../../config/settings-table.ts'

export type HostGuard = (headers: IncomingHttpHeaders) => RepriseError | undefined

const localHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i
const localOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/**
 * Guards an open server on loopback against DNS rebinding: a web page whose name was pointed to this machine carries its
 * own name in Host, and any web page carries its own in Origin. Undefined where the server is not bound to loopback.
 */
export function createHostGuard(settings: Pick<Settings, 'host' | 'corsOrigins'>): HostGuard | undefined {
  if (!isLoopback(settings.host)) return undefined
  const origins = new Set(settings.corsOrigins)
  const hosts = new Set([settings.host, ...settings.corsOrigins.map(origin => new URL(origin).host)])

  return ({ host, origin }) => {
    if (host !== undefined && !localHost.test(host) && !hosts.has(host) && !hosts.has(withoutPort(host))) {
      return refused('host', 'The Host header names another host than localhost. Call the server as localhost:PORT.')
    }
    if (origin !== undefined && !localOrigin.test(origin) && !origins.has(origin)) {
      return refused('origin', 'Web pages of this origin may not call the server. Add the origin to CORS_ORIGINS.')
    }
    return undefined
  }
}

function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '')
}

function refused(field: string, message: string): RepriseError {
  return new RepriseError('forbidden_origin', message, { field })
}
