import { type ByteSize, parseByteSize } from '../../base/byte-size.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { type Duration, parseDuration } from '../../base/duration.ts'
import { expected, readNames } from '../../base/option-reading.ts'
import type { Cache } from '../../core/cache.ts'
import type { AnswerStore } from '../../ports/answer-store.ts'
import type { TokenUsage } from './asking/llm-call.ts'

export interface LlmCacheOptions {
  /** Where answers are kept: a cache, or a namespace of one. Its memory and Redis bounds hold. */
  readonly cache: Cache
  /** The durable tier below. Default: none. */
  readonly answers?: AnswerStore | undefined
  /** How long an answer serves. Default 2 hours. */
  readonly ttl?: Duration
  /** What a call may ask for at most by `x-reprise-ttl`; it gets no more. Default 30 days. */
  readonly longestTtl?: Duration
  /** Whether answers drawn at random are kept; `false` keeps those of temperature 0 alone. Default true. */
  readonly sampled?: boolean
  /** The price of an answer in US dollars; undefined when it is not known. Default: none is known. */
  readonly priceOf?: (model: string, usage: TokenUsage) => number | undefined
  /** Whether chat streams are asked to count their tokens also where the caller did not; the count is taken out again. Default true. */
  readonly askForUsage?: boolean
  /** How long an upstream may take for a whole answer. Default 10 minutes. */
  readonly upstreamTimeout?: Duration
  /** Longer answers are passed on, not kept. Default 8 MB. */
  readonly maxAnswerBytes?: ByteSize
  /** What happens to a call that everybody left: it is cancelled, or finished and kept. Default `cancel`. */
  readonly deserted?: 'cancel' | 'finish'
  readonly clock?: Clock
}

/** The options read. */
export interface LlmSettings {
  readonly cache: Cache
  readonly answers: AnswerStore | undefined
  readonly ttlMs: number
  readonly longestTtlMs: number
  readonly sampled: boolean
  readonly priceOf: (model: string, usage: TokenUsage) => number | undefined
  readonly askForUsage: boolean
  readonly upstreamTimeoutMs: number
  readonly maxAnswerBytes: number
  readonly deserted: 'cancel' | 'finish'
  readonly clock: Clock
}

const names: ReadonlySet<string> = new Set([
  'cache',
  'answers',
  'ttl',
  'longestTtl',
  'sampled',
  'priceOf',
  'askForUsage',
  'upstreamTimeout',
  'maxAnswerBytes',
  'deserted',
  'clock',
])

/** @throws RepriseError `invalid_option` */
export function readLlmOptions(options: LlmCacheOptions): LlmSettings {
  readNames(options, names, 'llmCache')
  const { cache, answers, deserted = 'cancel', priceOf = () => undefined, clock = systemClock } = options
  if (typeof cache?.getOrSet !== 'function') throw expected('cache', 'a cache, made by createCache', cache)
  if (deserted !== 'cancel' && deserted !== 'finish') throw expected('deserted', '"cancel" or "finish"', deserted)
  if (typeof priceOf !== 'function') throw expected('priceOf', 'a function', priceOf)
  return {
    cache,
    answers,
    ttlMs: readLasting(options.ttl ?? '2h', 'ttl'),
    longestTtlMs: readLasting(options.longestTtl ?? '30d', 'longestTtl'),
    sampled: readFlag(options.sampled, 'sampled'),
    priceOf,
    askForUsage: readFlag(options.askForUsage, 'askForUsage'),
    upstreamTimeoutMs: readLasting(options.upstreamTimeout ?? '10m', 'upstreamTimeout'),
    maxAnswerBytes: parseByteSize(options.maxAnswerBytes ?? '8mb', 'maxAnswerBytes'),
    deserted,
    clock,
  }
}

function readLasting(value: unknown, field: string): number {
  const ms = parseDuration(value, field)
  if (ms === 0) throw expected(field, 'longer than 0', value)
  return ms
}

function readFlag(value: unknown, field: string): boolean {
  if (value === undefined) return true
  if (typeof value !== 'boolean') throw expected(field, 'true or false', value)
  return value
}
