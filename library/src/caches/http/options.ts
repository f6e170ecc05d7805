import { type ByteSize, parseByteSize } from '../../base/byte-size.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { type Duration, parseDuration } from '../../base/duration.ts'
import { expected, readCount, readNames } from '../../base/option-reading.ts'
import type { ResponseCache } from './store/response-store.ts'

export interface HttpCacheOptions {
  /**
   * Where responses are kept: `createCache(…)`, or a namespace of one. Default: a cache of its own in the memory of this
   * process, bounded to 64 MB.
   */
  readonly cache?: ResponseCache
  /** How the cache calls itself in `Cache-Status`. Default `"reprise"`. */
  readonly name?: string
  /** Bodies longer than this pass unrecorded. Default `"8mb"`. */
  readonly maxBodyBytes?: ByteSize
  /** How many responses that differ by `Vary` one URL may have; past it the oldest goes. Default 16. */
  readonly maxVariants?: number
  /** How long past its end a response is kept, to be validated instead of fetched anew. Default 1 day. */
  readonly keepStale?: Duration
  /** How stale a response may be served when the origin cannot be reached and nothing forbids it (RFC 9111 4.2.4). Default 1 hour. */
  readonly staleIfUnreachable?: Duration
  /** Targeted fields that this cache obeys before `Cache-Control` (RFC 9213). Default `["CDN-Cache-Control"]`. */
  readonly targets?: readonly string[]
  /** Fields that name a response's tags, by which it can be purged. Default `["Surrogate-Key", "Cache-Tag"]`. */
  readonly tagFields?: readonly string[]
  /**
   * Takes a response whose `Age` is a list or cannot be read for too old, as drafts of RFC 9111 did. Default false: the
   * first member counts, and what cannot be read is left out (RFC 9111 5.1).
   */
  readonly staleOnBadAge?: boolean
  readonly clock?: Clock
}

/** The options read. */
export interface HttpCacheSettings {
  readonly cache: ResponseCache | undefined
  readonly name: string
  readonly maxBodyBytes: number
  readonly maxVariants: number
  readonly keepStaleMs: number
  readonly staleIfUnreachableMs: number
  readonly targets: readonly string[]
  readonly tagFields: readonly string[]
  readonly staleOnBadAge: boolean
  readonly clock: Clock
}

export const httpCacheOptionNames: ReadonlySet<string> = new Set([
  'cache',
  'name',
  'maxBodyBytes',
  'maxVariants',
  'keepStale',
  'staleIfUnreachable',
  'targets',
  'tagFields',
  'staleOnBadAge',
  'clock',
])

/** @throws RepriseError `invalid_option` */
export function readHttpCacheOptions(options: HttpCacheOptions): HttpCacheSettings {
  readNames(options, httpCacheOptionNames, 'httpCache')
  const { cache, name = 'reprise', staleOnBadAge = false, clock = systemClock } = options
  if (cache !== undefined && typeof cache?.namespace !== 'function')
    throw expected('cache', 'a cache of createCache()', cache)
  if (typeof name !== 'string' || !/^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/.test(name)) {
    throw expected('name', 'a token such as "edge-1"', name)
  }
  if (typeof staleOnBadAge !== 'boolean') throw expected('staleOnBadAge', 'true or false', staleOnBadAge)
  return {
    cache,
    name,
    maxBodyBytes: parseByteSize(options.maxBodyBytes ?? '8mb', 'maxBodyBytes'),
    maxVariants: readCount(options.maxVariants ?? 16, 'maxVariants'),
    keepStaleMs: parseDuration(options.keepStale ?? '1d', 'keepStale'),
    staleIfUnreachableMs: parseDuration(options.staleIfUnreachable ?? '1h', 'staleIfUnreachable'),
    targets: readFieldNames(options.targets ?? ['CDN-Cache-Control'], 'targets'),
    tagFields: readFieldNames(options.tagFields ?? ['Surrogate-Key', 'Cache-Tag'], 'tagFields'),
    staleOnBadAge,
    clock,
  }
}

function readFieldNames(value: unknown, field: string): readonly string[] {
  const isList = Array.isArray(value) && value.every(name => typeof name === 'string' && /^[\w-]+$/.test(name))
  if (!isList) throw expected(field, 'a list of header names', value)
  // Just seen to be texts.
  return value.map(name => (name as string).toLowerCase())
}
