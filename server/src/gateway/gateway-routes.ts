import type { Readable } from 'node:stream'
import type { Auth } from '../http/auth.ts'
import type { HttpServer } from '../http/http-server.ts'
import { usageRoute } from './accounting/usage-route.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { passThrough } from './pass-through.ts'

/** What the routes that look into a body take; what is passed through unread has no bound of its own. */
const maxBodyBytes = 20 * 1024 * 1024
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** All of `/v1/` that is not a route of the server itself, as one name or as the first of several. */
const elsewhere = '/v1/:resource(^(?!(?:guest|users|usage|cache)$).+$)'

/** The gateway: what an OpenAI or Anthropic client calls, answered by an upstream. Bodies stay as they came. */
export function gatewayRoutes(server: HttpServer, parts: GatewayParts & { readonly auth: Auth }): void {
  usageRoute(server, parts)
  server.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    if (parts.upstreams.dependOnModel) {
      scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_, body, done) =>
        done(null, body),
      )
    }
    for (const url of [elsewhere, `${elsewhere}/*`]) {
      scope.route({
        method: methods,
        url,
        config: { isCatchAll: true },
        schema: { hide: true },
        handler: (request, reply) => passThrough(parts, request, reply, unreadBody(request.body), 'route'),
      })
    }
  })
}

function unreadBody(body: unknown): Uint8Array | Readable | undefined {
  // One of the two parsers above made it.
  return body === null || body === undefined ? undefined : (body as Uint8Array | Readable)
}
