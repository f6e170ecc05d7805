import { readNames } from '../base/option-reading.ts'
import { type HttpCache, httpCache } from '../caches/http/http-cache.ts'
import { type HttpCacheOptions, httpCacheOptionNames } from '../caches/http/options.ts'
import { type PathOptions, type PathRule, pathOptionNames, readPathRules } from '../caches/http/paths.ts'

/** Options of the HTTP cache as middleware. Without any, the standard alone decides what is kept. */
export interface HttpMiddlewareOptions extends PathOptions, HttpCacheOptions {
  /** A cache that others use as well, in the place of one of its own; then the options of the cache are its own. */
  readonly http?: HttpCache
}

const ownNames: ReadonlySet<string> = new Set([...pathOptionNames, 'http'])
const allNames: ReadonlySet<string> = new Set([...ownNames, ...httpCacheOptionNames])

/** @throws RepriseError `invalid_option` */
export function readMiddlewareOptions(options: HttpMiddlewareOptions): {
  readonly http: HttpCache
  readonly ruleOf: (path: string) => PathRule
} {
  readNames(options, options?.http === undefined ? allNames : ownNames, 'the HTTP cache')
  const { http, defaultTtl, cachePaths, excludePaths, ...own } = options
  const paths: Record<string, unknown> = { defaultTtl, cachePaths, excludePaths }
  for (const name of Object.keys(paths)) if (paths[name] === undefined) delete paths[name]
  return { http: http ?? httpCache(own), ruleOf: readPathRules(paths) }
}
