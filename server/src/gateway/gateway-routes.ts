import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Auth } from '../http/auth.ts'
import type { HttpServer } from '../http/http-server.ts'
import { usageRoute } from './accounting/usage-route.ts'
import { answerRoutes } from './answers/answer-routes.ts'
import { feedbackRoute } from './control/feedback-route.ts'
import { invalidateRoute } from './control/invalidate-route.ts'
import { embeddingsRoute } from './embeddings/embeddings-route.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { passThrough } from './pass-through.ts'

export interface GatewayRoutesParts extends GatewayParts {
  readonly auth: Auth
}

/** What the routes that look into a body take; what is passed through unread has no bound of its own. */
const maxBodyBytes = 20 * 1024 * 1024
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** All of `/v1/` that is not a route of the server itself, as one name or as the first of several. */
const elsewhere = '/v1/:resource(^(?!(?:guest|users|usage|cache)$).+$)'

/** The gateway: what an OpenAI or Anthropic client calls, answered from what is known or by an upstream. */
export function gatewayRoutes(server: HttpServer, parts: GatewayRoutesParts): void {
  usageRoute(server, parts)
  invalidateRoute(server, parts)
  feedbackRoute(server, parts)
  server.register(async scope => {
    readBytes(scope, '*')
    answerRoutes(scope, parts)
    embeddingsRoute(scope, parts)
  })
  server.register(async scope => {
    passThroughRoutes(scope, parts)
  })
}

function passThroughRoutes(scope: FastifyInstance, parts: GatewayParts): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  if (parts.upstreams.dependOnModel) readBytes(scope, 'application/json', false)
  for (const url of [elsewhere, `${elsewhere}/*`]) {
    scope.route({
      method: methods,
      url,
      config: { isCatchAll: true, speaksToModels: true },
      schema: { hide: true },
      handler: (request, reply) => passThrough(parts, request, reply, unreadBody(request.body), 'route'),
    })
  }
}

/** Bodies stay the bytes that came. */
function readBytes(scope: FastifyInstance, contentType: string, alone = true): void {
  if (alone) scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(contentType, { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_, body, done) =>
    done(null, body),
  )
}

function unreadBody(body: unknown): Uint8Array | Readable | undefined {
  // One of the parsers above made it.
  return body === null || body === undefined ? undefined : (body as Uint8Array | Readable)
}
