import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpCache } from '../caches/http/http-cache.ts'
import { type HttpMiddlewareOptions, readMiddlewareOptions } from './middleware-options.ts'
import { cacheExchange } from './node/cache-exchange.ts'

/** What of Fastify is used. */
export interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (
      request: { readonly raw: IncomingMessage },
      reply: { readonly raw: ServerResponse; hijack(): unknown },
      done: () => void,
    ) => void,
  ): unknown
  routing(request: IncomingMessage, response: ServerResponse): void
}

/** A plugin of Fastify, with the cache, to purge and observe it. */
export type FastifyCache = ((fastify: FastifyLike, options: unknown, done: () => void) => void) & {
  readonly http: HttpCache
}

/**
 * A shared HTTP cache (RFC 9111) as a plugin for Fastify: it answers in `onRequest`, before the handlers, and keeps what
 * they answer. Hooks that were added before it run for each request.
 *
 * @throws RepriseError `invalid_option`
 * @example
 * await app.register(fastifyCache({ defaultTtl: '1m', cachePaths: ['/articles/*'], excludePaths: ['/me'] }))
 */
export function fastifyCache(options: HttpMiddlewareOptions = {}): FastifyCache {
  const { http, ruleOf } = readMiddlewareOptions(options)
  const plugin = (fastify: FastifyLike, _options: unknown, done: () => void): void => {
    fastify.addHook('onRequest', (request, reply, next) => {
      cacheExchange(http, ruleOf, {
        request: request.raw,
        response: reply.raw,
        target: request.raw.url ?? '/',
        proceed: next,
        onAnswered: () => reply.hijack(),
        run: (other, answer) => fastify.routing(other, answer),
      })
    })
    done()
  }
  // For the whole application, not only for what is registered within the plugin.
  return Object.assign(plugin, { http, [Symbol.for('skip-override')]: true })
}
