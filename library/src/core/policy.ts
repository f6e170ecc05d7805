import { type Duration, parseDuration } from '../base/duration.ts'
import { expected, readNames } from '../base/option-reading.ts'

/** How entries are kept and loaded: for a cache, a namespace, or one call; the nearer one decides. */
export interface CachePolicyOptions {
  /** How long an entry is fresh. Default 1 hour. */
  readonly ttl?: Duration
  /** How long after that it may be served stale while it is refreshed, or when its loader fails. Default 0. */
  readonly grace?: Duration
  /**
   * What the grace is for. `refresh`: stale values are served at once, and refreshed behind the answer. `error`: callers
   * wait for a fresh one, and get the stale one when the loader fails or the deadline passes (stale-if-error). Default
   * `refresh`.
   */
  readonly graceFor?: GraceUse
  /** The share of the ttl, 0 to 1, by which it is shortened at random, so that entries made together do not end together. Default 0. */
  readonly jitter?: number
  /** What an entry can be invalidated by, beside its key. Those of the cache, the namespace and the call add up. */
  readonly tags?: readonly string[]
  /** How long a call takes at most, whatever it waits for. Default 1 minute. */
  readonly deadline?: Duration
  /** How long a loader runs at most. Default 30 seconds. */
  readonly loaderTimeout?: Duration
  /** Refreshes an entry in the background a little before its end, the sooner the slower its loader; a number other than 1 multiplies how much sooner. Default false. */
  readonly earlyRefresh?: boolean | number
  /** How long it is remembered that a loader found nothing (answered undefined). Default 0: not at all. */
  readonly negativeTtl?: Duration
  /** How long memory may serve what other processes may have invalidated unheard. Default 5 seconds. */
  readonly partitionGrace?: Duration
  /** Neither reads nor keeps in memory. */
  readonly skipMemory?: boolean
  /** Neither reads nor keeps in Redis. */
  readonly skipRedis?: boolean
}

export type GraceUse = 'refresh' | 'error'

export interface CallOptions extends CachePolicyOptions {
  /** Lets the caller leave: its call rejects with the signal's reason, and a load that nobody waits for is cancelled. */
  readonly signal?: AbortSignal
}

/** The options read: units in the names, nothing absent. */
export interface Policy {
  readonly ttlMs: number
  readonly graceMs: number
  readonly graceFor: GraceUse
  readonly jitter: number
  readonly tags: readonly string[]
  readonly deadlineMs: number
  readonly loaderTimeoutMs: number
  /** 0 = no early refresh. */
  readonly earlyBeta: number
  readonly negativeTtlMs: number
  readonly partitionGraceMs: number
  readonly skipMemory: boolean
  readonly skipRedis: boolean
}

export const defaultPolicy: Policy = {
  ttlMs: 3_600_000,
  graceMs: 0,
  graceFor: 'refresh',
  jitter: 0,
  tags: [],
  deadlineMs: 60_000,
  loaderTimeoutMs: 30_000,
  earlyBeta: 0,
  negativeTtlMs: 0,
  partitionGraceMs: 5_000,
  skipMemory: false,
  skipRedis: false,
}

export const policyNames: ReadonlySet<string> = new Set([
  'ttl',
  'grace',
  'graceFor',
  'jitter',
  'tags',
  'deadline',
  'loaderTimeout',
  'earlyRefresh',
  'negativeTtl',
  'partitionGrace',
  'skipMemory',
  'skipRedis',
])

export const callNames: ReadonlySet<string> = new Set([...policyNames, 'signal'])

/** One entry lies under so many marks at most. */
const mostTags = 64
const longestTag = 1_024

/**
 * Reads options over those of the cache or namespace around. Names are checked by whoever knows which ones fit.
 * @throws RepriseError `invalid_option`
 */
export function readPolicy(options: CachePolicyOptions, around: Policy): Policy {
  const { ttl, grace, jitter, tags, deadline, loaderTimeout, earlyRefresh, negativeTtl, partitionGrace } = options
  return {
    ttlMs: ttl === undefined ? around.ttlMs : readLasting(ttl, 'ttl'),
    graceMs: grace === undefined ? around.graceMs : parseDuration(grace, 'grace'),
    graceFor: options.graceFor === undefined ? around.graceFor : readGraceUse(options.graceFor),
    jitter: jitter === undefined ? around.jitter : readShare(jitter),
    tags: tags === undefined ? around.tags : readTags(tags, around.tags),
    deadlineMs: deadline === undefined ? around.deadlineMs : readLasting(deadline, 'deadline'),
    loaderTimeoutMs: loaderTimeout === undefined ? around.loaderTimeoutMs : readLasting(loaderTimeout, 'loaderTimeout'),
    earlyBeta: earlyRefresh === undefined ? around.earlyBeta : readBeta(earlyRefresh),
    negativeTtlMs: negativeTtl === undefined ? around.negativeTtlMs : parseDuration(negativeTtl, 'negativeTtl'),
    partitionGraceMs:
      partitionGrace === undefined ? around.partitionGraceMs : parseDuration(partitionGrace, 'partitionGrace'),
    skipMemory: readFlag(options.skipMemory, 'skipMemory', around.skipMemory),
    skipRedis: readFlag(options.skipRedis, 'skipRedis', around.skipRedis),
  }
}

/** The policy of one call. */
export function callPolicy(options: CallOptions | undefined, around: Policy, where: string): Policy {
  if (options === undefined) return around
  readNames(options, callNames, where)
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw expected('signal', 'an AbortSignal', signal)
  return readPolicy(options, around)
}

/** A duration that is not zero. */
export function readLasting(value: unknown, field: string): number {
  const ms = parseDuration(value, field)
  if (ms === 0) throw expected(field, 'longer than 0', value)
  return ms
}

export function readTags(value: unknown, around: readonly string[]): readonly string[] {
  if (!Array.isArray(value)) throw expected('tags', 'a list of texts', value)
  for (const tag of value) {
    if (typeof tag !== 'string' || tag === '' || tag.length > longestTag || !tag.isWellFormed()) {
      throw expected('tags', `well-formed texts of 1 to ${longestTag} characters`, tag)
    }
  }
  if (value.length === 0) return around
  const all = [...new Set([...around, ...value])]
  if (all.length > mostTags) throw expected('tags', `at most ${mostTags} texts`, all.length)
  return all
}

function readGraceUse(value: unknown): GraceUse {
  if (value === 'refresh' || value === 'error') return value
  throw expected('graceFor', '"refresh" or "error"', value)
}

function readShare(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value
  throw expected('jitter', 'a share of the ttl, 0 to 1', value)
}

function readBeta(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value
  throw expected('earlyRefresh', 'true, false, or a number of 0 or more', value)
}

function readFlag(value: unknown, field: string, around: boolean): boolean {
  if (value === undefined) return around
  if (typeof value === 'boolean') return value
  throw expected(field, 'true or false', value)
}
