import { type Clock, systemClock } from '../base/clock.ts'
import { type NamespacePath, namespacePath } from '../base/namespace-path.ts'
import { expected, readNames } from '../base/option-reading.ts'
import type { SharedTier } from '../ports/shared-tier.ts'
import { type CachePolicyOptions, defaultPolicy, type Policy, policyNames, readPolicy } from './policy.ts'
import type { MemoryBounds } from './tiers/memory-tier.ts'

export interface CacheOptions extends CachePolicyOptions {
  /** Tells caches apart that share a Redis; those of one name share their entries. */
  readonly name: string
  /** How large memory may grow: `{ maxBytes: "64mb" }` is the default; `false` = no memory. */
  readonly memory?: MemoryBounds | false
  /** The tier that processes share: `redis({ url })` from `reprise/redis`. Default: none. */
  readonly redis?: SharedTier | undefined
  readonly clock?: Clock
}

/** The options read. */
export interface CacheSettings {
  readonly path: NamespacePath
  readonly memory: MemoryBounds | undefined
  readonly shared: SharedTier | undefined
  readonly clock: Clock
  readonly policy: Policy
}

const names: ReadonlySet<string> = new Set([...policyNames, 'name', 'memory', 'redis', 'clock'])
const memoryNames: ReadonlySet<string> = new Set(['maxBytes', 'maxEntries', 'policy'])

/** @throws RepriseError `invalid_option` */
export function readCacheOptions(options: CacheOptions): CacheSettings {
  readNames(options, names, 'createCache')
  const { name, memory = {}, redis, clock = systemClock } = options
  if (memory !== false) {
    readNames(memory, memoryNames, 'memory')
    if (memory.maxEntries !== undefined && memory.maxBytes !== undefined) {
      throw expected('memory', 'bounded by one of maxEntries and maxBytes', memory)
    }
  }
  if (memory === false && redis === undefined) {
    throw expected('memory', 'given, for there is no redis either', memory)
  }
  if (redis !== undefined && typeof redis?.store?.read !== 'function') {
    throw expected('redis', 'a shared tier such as redis({ url }) of reprise/redis', redis)
  }
  return {
    path: namespacePath(name),
    memory: memory === false ? undefined : memory,
    shared: redis,
    clock,
    policy: readPolicy(options, defaultPolicy),
  }
}
