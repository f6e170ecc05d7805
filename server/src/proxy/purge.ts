import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpCache } from 'reprise/http'
import { targetOf } from './request-target.ts'

export interface PurgeOptions {
  readonly cache: HttpCache
  readonly upstream: URL
  readonly preserveHost: boolean
  readonly purgeKey: string | undefined
}

/**
 * `PURGE /path` removes one URL; with `Purge-Prefix: 1` all that begin with it; with `Surrogate-Key: a b` or
 * `Cache-Tag: a, b` whatever came with one of these tags. Asks for the purge key as bearer; without one there is no PURGE.
 */
export async function answerPurge(
  request: IncomingMessage,
  response: ServerResponse,
  { purgeKey, cache, upstream, preserveHost }: PurgeOptions,
): Promise<void> {
  request.resume()
  if (purgeKey === undefined) return answer(response, 405)
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  if (!isSame(given, purgeKey)) return answer(response, 401, { 'WWW-Authenticate': 'Bearer' })
  const host = preserveHost ? (request.headers.host ?? upstream.host) : upstream.host
  const url = `${upstream.protocol}//${host.toLowerCase()}${targetOf(request)}`
  const tags = [request.headers['surrogate-key'], request.headers['cache-tag']].join(' ').split(/[\s,]+/)
  const named = tags.filter(tag => tag !== '')
  if (named.length > 0) await cache.purgeTags(named)
  else if (request.headers['purge-prefix'] !== undefined) await cache.purgePrefix(url)
  else await cache.purgeUrl(url)
  answer(response, 204)
}

function answer(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers)
  response.end()
}

/** Takes the same time whatever was given. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'))
}
