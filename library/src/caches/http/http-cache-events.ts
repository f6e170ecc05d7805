/** What an HTTP cache announces, each once, after the fact. */
export interface HttpCacheEvents {
  /** A request was answered. */
  readonly answered: {
    readonly method: string
    /** `stale`: served though its time was over, as it allowed. `shared`: got the answer that another one waited for. */
    readonly outcome: 'hit' | 'stale' | 'shared' | 'forwarded'
    readonly status: number
  }
  /** A stored response was shown to the origin: it is still right, or another one has taken its place. */
  readonly validated: { readonly outcome: 'confirmed' | 'replaced' }
  /** A response, or a part of one, was kept. */
  readonly stored: { readonly bytes: number }
  /** The origin could not be reached, and the client got what is kept, though it is stale. */
  readonly origin_failed: { readonly url: string; readonly error: unknown }
  /** A refresh in the background failed; the stale response is still served as long as it allows. */
  readonly refresh_failed: { readonly url: string; readonly error: unknown }
  readonly purged: { readonly by: 'url' | 'prefix' | 'tags' | 'all' }
}
