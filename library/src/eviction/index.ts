export type { EvictionPolicy, EvictionScene, MakeEvictionPolicy } from '../ports/eviction-policy.ts'
export { AdaptivePolicy } from './adaptive-policy.ts'
export { LruPolicy } from './lru-policy.ts'
export { MemoryCache, type MemoryCacheStats } from './memory-cache.ts'
export type {
  EvictionPolicyName,
  MemoryCacheOptions,
  MemorySetOptions,
  RemovalCause,
} from './memory-cache-options.ts'
