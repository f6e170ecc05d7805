import { type ByteSize, parseByteSize } from '../base/byte-size.ts'
import type { Clock } from '../base/clock.ts'
import { type Duration, parseDuration } from '../base/duration.ts'
import { RepriseError } from '../base/reprise-error.ts'
import { coarseClock } from './coarse-clock.ts'
import { estimatedBytes } from './estimated-bytes.ts'

/**
 * Why an entry left the cache: it had to make room (`evicted`), its time was over (`expired`), `delete` took it
 * (`deleted`), another value took its place (`replaced`), `clear` took everything (`cleared`).
 */
export type RemovalCause = 'evicted' | 'expired' | 'deleted' | 'replaced' | 'cleared'

export type EvictionPolicyName = 'adaptive' | 'lru'

interface CommonOptions<K, V> {
  /** Who goes when the cache is full. `adaptive` finds its way among recent and frequent use; default. */
  readonly policy?: EvictionPolicyName
  /** How long an entry lives that `set` gives no time of its own: milliseconds, or text such as `"10m"`. Default: for ever. */
  readonly ttl?: Duration
  /**
   * Where the time comes from; asked at each use of an entry that has an end. Default: the system's clock, looked at
   * about once a millisecond, so that an entry may be served that much too long.
   */
  readonly clock?: Pick<Clock, 'now'>
  /**
   * Told once of each value that left the cache, when the change that took it is complete: it may use the cache. What it
   * throws is counted in `stats().failedCallbacks` and harms nothing.
   */
  readonly onRemove?: (key: K, value: V, cause: RemovalCause) => void
}

interface BoundByEntries {
  /** The most entries, from 1 to 16,777,216. Holds at every moment. */
  readonly maxEntries: number
  readonly maxBytes?: never
  readonly sizeOf?: never
}

interface BoundByBytes<K, V> {
  readonly maxEntries?: never
  /** The most bytes, all entries together: a number, or text such as `"256mb"`. Holds at every moment. */
  readonly maxBytes: ByteSize
  /**
   * How many bytes an entry counts, a whole number from 1. Default: an estimate of what key, value and bookkeeping take of the heap
   * (texts, numbers, plain objects, arrays, maps, sets, buffers; walks the value, 10,000 parts of it at most).
   */
  readonly sizeOf?: (value: V, key: K) => number
}

/** Just one of `maxEntries` and `maxBytes` is given. */
export type MemoryCacheOptions<K, V> = CommonOptions<K, V> & (BoundByEntries | BoundByBytes<K, V>)

/** What one `set` may say. */
export interface MemorySetOptions {
  /** How long this entry lives. Default: the cache's `ttl`. */
  readonly ttl?: Duration
  /** How many bytes this entry counts, in a cache bounded by bytes. Default: what `sizeOf` says. */
  readonly bytes?: number
}

export interface MemoryCacheSettings<K, V> {
  readonly bound: number
  readonly mostEntries: number
  readonly sizeOf: ((value: V, key: K) => number) | undefined
  readonly policy: EvictionPolicyName
  readonly ttlMs: number | undefined
  readonly clock: Pick<Clock, 'now'>
  readonly onRemove: ((key: K, value: V, cause: RemovalCause) => void) | undefined
}

/** More than two Maps of V8 do not bear. */
const mostEntriesOfMaps = 2 ** 24
const known = ['maxEntries', 'maxBytes', 'sizeOf', 'policy', 'ttl', 'clock', 'onRemove']
const knownOfSet = ['ttl', 'bytes']

/** @throws RepriseError `invalid_option` that names the option */
export function readOptions<K, V>(options: MemoryCacheOptions<K, V>): MemoryCacheSettings<K, V> {
  requireKnown(options, known, 'MemoryCache')
  const { maxEntries, maxBytes, sizeOf, policy = 'adaptive', ttl, clock = coarseClock, onRemove } = options
  if ((maxEntries === undefined) === (maxBytes === undefined))
    throw invalid(
      'maxEntries',
      `${maxEntries === undefined ? 'Neither' : 'Both'} of maxEntries and maxBytes given: one is needed.`,
    )
  if (maxEntries !== undefined) requireWhole(maxEntries, mostEntriesOfMaps, 'maxEntries')
  if (sizeOf !== undefined && maxEntries !== undefined)
    throw invalid('sizeOf', 'sizeOf is given beside maxEntries, where sizes count nothing: give maxBytes instead.')
  if (policy !== 'adaptive' && policy !== 'lru')
    throw invalid('policy', `policy is ${shown(policy)}, but "adaptive" or "lru" is expected.`)
  requireFunction(sizeOf, 'sizeOf')
  requireFunction(onRemove, 'onRemove')
  if (typeof clock !== 'object' || clock === null || typeof clock.now !== 'function')
    throw invalid('clock', `clock is ${shown(clock)}, but an object with a function now() is expected.`)
  return {
    bound: maxEntries ?? parseByteSize(maxBytes, 'maxBytes'),
    mostEntries: maxEntries ?? mostEntriesOfMaps,
    sizeOf: maxEntries === undefined ? (sizeOf ?? estimatedBytes) : undefined,
    policy,
    ttlMs: ttl === undefined ? undefined : parseDuration(ttl, 'ttl'),
    clock,
    onRemove,
  }
}

/** @throws RepriseError `invalid_option` that names the option */
export function requireSetOptions(options: MemorySetOptions, countsBytes: boolean): void {
  requireKnown(options, knownOfSet, 'set')
  if (options.bytes !== undefined && !countsBytes)
    throw invalid('bytes', 'bytes is given to a cache that counts entries: bound it by maxBytes, or leave bytes out.')
}

/** @throws RepriseError `invalid_option` that names the option */
export function requireBytes(bytes: unknown, field: 'bytes' | 'sizeOf'): void {
  if (Number.isSafeInteger(bytes) && Number(bytes) >= 1) return
  const what = field === 'sizeOf' ? 'sizeOf answered' : 'bytes is'
  throw invalid(field, `${what} ${shown(bytes)}, but a whole number of bytes, 1 or more, is expected.`)
}

function requireKnown(options: unknown, names: readonly string[], taker: string): void {
  if (typeof options !== 'object' || options === null)
    throw invalid('options', `The options of ${taker} are ${shown(options)}, but an object is expected.`)
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw invalid(name, `${name} is no option of ${taker}; there are ${names.join(', ')}.`)
  }
}

function requireWhole(value: unknown, most: number, field: string): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return
  throw invalid(field, `${field} is ${shown(value)}, but a whole number from 1 to ${most} is expected.`)
}

function requireFunction(value: unknown, field: string): void {
  if (value !== undefined && typeof value !== 'function')
    throw invalid(field, `${field} is ${shown(value)}, but a function is expected.`)
}

function invalid(field: string, message: string): RepriseError {
  return new RepriseError('invalid_option', message, { field })
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 50))
  if (typeof value === 'object' || typeof value === 'function')
    return value === null ? 'null' : `of type ${typeof value}`
  return String(value)
}
