import { ValidationFailure } from '../caches/http/exchange/validation-failure.ts'
import type { HttpCache } from '../caches/http/http-cache.ts'
import type { Forward, HttpAnswer, OriginResponse } from '../caches/http/messages.ts'
import { believedFields } from './believed-fields.ts'
import { type HttpMiddlewareOptions, readMiddlewareOptions } from './middleware-options.ts'

/** A handler of the web's own kind, as Hono's `app.fetch` is; whatever else it is given is passed on. */
export type FetchHandler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/** A handler behind a cache, with the cache, to purge and observe it. */
export type CachedFetchHandler<Rest extends readonly unknown[]> = ((
  request: Request,
  ...rest: Rest
) => Promise<Response>) & { readonly http: HttpCache }

const statusesWithoutBody: ReadonlySet<number> = new Set([101, 204, 205, 304])

/**
 * Puts a shared HTTP cache (RFC 9111) before a handler. What the handler throws is the caller's, unless a stale response
 * may be served instead.
 *
 * @throws RepriseError `invalid_option`
 * @example
 * const app = new Hono()
 * export default { fetch: cachedFetch(app.fetch, { defaultTtl: '1m', cachePaths: ['/articles/*'], excludePaths: ['/me'] }) }
 */
export function cachedFetch<Rest extends readonly unknown[]>(
  handler: FetchHandler<Rest>,
  options: HttpMiddlewareOptions = {},
): CachedFetchHandler<Rest> {
  const { http, ruleOf } = readMiddlewareOptions(options)
  const cached = async (request: Request, ...rest: Rest): Promise<Response> => {
    const [url = request.url] = request.url.split('#')
    const rule = ruleOf(new URL(url).pathname)
    if (rule.isExcluded) return handler(request, ...rest)
    const forward: Forward = async ({ changes, isBackground }) =>
      readResponse(await handler(changedRequest(request, changes, isBackground), ...rest))
    const asked = {
      method: request.method,
      url,
      fields: Object.fromEntries(request.headers),
      defaultTtlMs: rule.defaultTtlMs,
      keyedFields: believedFields,
    }
    try {
      return makeResponse(await http.handle(asked, forward))
    } catch (error) {
      // The handler's own errors are its caller's.
      throw error instanceof ValidationFailure ? error.cause : error
    }
  }
  return Object.assign(cached, { http })
}

/** The request as the handler gets it: itself, where nothing is to be changed. */
function changedRequest(
  request: Request,
  changes: Readonly<Record<string, string | undefined>>,
  isBackground: boolean,
): Request {
  const changed = Object.entries(changes)
  if (changed.length === 0 && !isBackground) return request
  const headers = new Headers(request.headers)
  for (const [name, value] of changed) {
    if (value === undefined) headers.delete(name)
    else headers.set(name, value)
  }
  // Only GET and HEAD are ever changed, which have no body. A refresh outlives the client that gave cause to it.
  const method = isBackground ? 'GET' : request.method
  return new Request(request.url, { method, headers, ...(isBackground ? {} : { signal: request.signal }) })
}

function readResponse(response: Response): OriginResponse {
  const headers: string[] = []
  for (const [name, value] of response.headers) headers.push(name, value)
  return { status: response.status, reason: response.statusText, headers, body: response.body ?? undefined }
}

function makeResponse({ status, reason, headers, body }: HttpAnswer): Response {
  const made = new Headers()
  for (let at = 0; at < headers.length; at += 2) made.append(headers[at] ?? '', headers[at + 1] ?? '')
  const content = statusesWithoutBody.has(status) ? null : bodyOf(body)
  return new Response(content, { status, statusText: reason, headers: made })
}

function bodyOf(body: HttpAnswer['body']): Uint8Array<ArrayBuffer> | ReadableStream | null {
  if (body === undefined) return null
  // What is kept lies in memory of this process alone, none that is shared.
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>
  return ReadableStream.from(body)
}
