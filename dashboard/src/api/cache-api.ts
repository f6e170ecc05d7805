import type {
  CacheHistory,
  CleanupReceipt,
  ClearReceipts,
  ExplainedEntry,
  FoundKeys,
  UsageReport,
} from 'reprise-server/answers'
import { requestJson } from './request.ts'

/** What an invalidation names: exactly one of the three. */
export type Target =
  | { readonly kind: 'key'; readonly key: unknown }
  | { readonly kind: 'tags'; readonly tags: readonly string[] }
  | { readonly kind: 'pattern'; readonly pattern: string }

/** Hits and misses of the last hour. */
export function readHistory(signal: AbortSignal): Promise<CacheHistory> {
  return requestJson('/api/cache/history', { signal })
}

export function clearCache(cache: string | undefined): Promise<ClearReceipts> {
  return requestJson('/api/cache/clear', { method: 'POST', body: cache === undefined ? {} : { cache } })
}

export function cleanUpCache(cache: string | undefined): Promise<CleanupReceipt> {
  return requestJson('/api/cache/cleanup', { method: 'POST', body: cache === undefined ? {} : { cache } })
}

export function invalidate(cache: string | undefined, { kind: _, ...target }: Target): Promise<ClearReceipts> {
  return requestJson('/api/cache/invalidate', {
    method: 'POST',
    body: cache === undefined ? target : { cache, ...target },
  })
}

export function explainKey(cache: string, key: string, signal: AbortSignal): Promise<ExplainedEntry> {
  return requestJson(`/api/cache/explain?${new URLSearchParams({ cache, key })}`, { signal })
}

/** The most that the server names at once. */
export const mostKeys = 500

export function findKeys(cache: string, search: string, signal: AbortSignal): Promise<FoundKeys> {
  const query = new URLSearchParams({ cache, limit: `${mostKeys}`, ...(search === '' ? {} : { search }) })
  return requestJson(`/api/cache/keys?${query}`, { signal })
}

/** What calls of models came to, over all callers. */
export function readUsage(signal: AbortSignal): Promise<UsageReport> {
  return requestJson('/v1/usage?scope=all', { signal })
}
