/** How the cache came to its answer (RFC 9211 2): from what it keeps, or why it asked the origin. */
export type HandledAs =
  | { readonly kind: 'hit'; readonly ttlMs: number; readonly isCollapsed: boolean }
  | {
      readonly kind: 'forwarded'
      readonly reason: 'uri-miss' | 'vary-miss' | 'stale' | 'request' | 'partial' | 'method' | 'bypass'
      /** What the origin answered, where the client gets something else. */
      readonly status?: number
      readonly isStored: boolean
      readonly detail?: string
    }

/** A line of `Cache-Status` about this cache. */
export function cacheStatusOf(name: string, handled: HandledAs): string {
  if (handled.kind === 'hit') {
    const collapsed = handled.isCollapsed ? '; collapsed' : ''
    return `${name}; hit; ttl=${Math.floor(handled.ttlMs / 1000)}${collapsed}`
  }
  const status = handled.status === undefined ? '' : `; fwd-status=${handled.status}`
  const stored = handled.isStored ? '; stored' : ''
  const detail = handled.detail === undefined ? '' : `; detail=${handled.detail}`
  return `${name}; fwd=${handled.reason}${status}${stored}${detail}`
}
