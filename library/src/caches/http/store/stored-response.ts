import type { HeaderList } from '../rules/header-list.ts'
import type { ByteRange } from '../rules/ranges.ts'
import type { StoredFreshness } from '../rules/reuse.ts'
import type { LifetimeSource } from '../rules/storing.ts'
import type { Selection } from '../rules/vary.ts'

/** Some or all bytes of a representation, and where they are kept. */
export interface StoredPart extends ByteRange {
  readonly bodyId: string
}

/** A response without its bytes: plain data, decided once, so that serving it takes arithmetic alone. */
export interface StoredResponse extends StoredFreshness {
  readonly status: number
  readonly reason: string
  /** End-to-end fields, without `Age` and `Content-Length`. */
  readonly headers: HeaderList
  readonly selection: Selection
  readonly source: LifetimeSource
  readonly initialAgeMs: number
  readonly respondedAt: number
  readonly dateAt: number
  readonly etag: string | undefined
  readonly lastModifiedAt: number | undefined
  /** Bytes of the whole representation. */
  readonly length: number
  /** In order, apart from each other; one that covers the length when the response is complete. Empty when there are no bytes. */
  readonly parts: readonly StoredPart[]
  readonly tags: readonly string[]
}

/** All that is kept of one URL, the newest response first. */
export interface StoredResource {
  readonly responses: readonly StoredResponse[]
}

export function isComplete({ parts, length }: Pick<StoredResponse, 'parts' | 'length'>): boolean {
  return length === 0 || (parts.length === 1 && parts[0]?.first === 0 && parts[0].last === length - 1)
}
