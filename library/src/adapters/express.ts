import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpCache } from '../caches/http/http-cache.ts'
import { type HttpMiddlewareOptions, readMiddlewareOptions } from './middleware-options.ts'
import { cacheExchange } from './node/cache-exchange.ts'

/** What of Express's request is used. */
interface ExpressRequest extends IncomingMessage {
  /** The target before routers took their part off it. */
  originalUrl?: string
  app?: (request: IncomingMessage, response: ServerResponse) => void
}

/** Middleware of Express and of whatever speaks its language, with the cache, to purge and observe it. */
export type ExpressCache = ((request: IncomingMessage, response: ServerResponse, next: () => void) => void) & {
  readonly http: HttpCache
}

/**
 * A shared HTTP cache (RFC 9111) as middleware for Express. What is used before it, such as compression or security
 * headers, sees each answer; what comes after it is cached. A refresh in the background (`stale-while-revalidate`) runs the
 * whole application once more.
 *
 * @throws RepriseError `invalid_option`
 * @example
 * app.use(expressCache({ defaultTtl: '1m', cachePaths: ['/articles/*'], excludePaths: ['/me'] }))
 */
export function expressCache(options: HttpMiddlewareOptions = {}): ExpressCache {
  const { http, ruleOf } = readMiddlewareOptions(options)
  const middleware = (request: ExpressRequest, response: ServerResponse, next: () => void): void => {
    const target = request.originalUrl ?? request.url ?? '/'
    cacheExchange(http, ruleOf, {
      request,
      response,
      target,
      proceed: next,
      onAnswered: () => undefined,
      run: (other, answer) => {
        if (request.app === undefined)
          answer.destroy(new Error('Without an application there is nothing to run again.'))
        else request.app(other, answer)
      },
    })
  }
  return Object.assign(middleware, { http })
}
