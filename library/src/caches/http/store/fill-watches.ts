import type { PurgeMarks } from './purge-marks.ts'

/** A fill under way. Fenced when its URL, or perhaps its URL, was invalidated since it began. */
export interface FillWatch {
  readonly url: string
  isFenced: boolean
  /** What was known of purges in all processes when it began. */
  marks: PurgeMarks
}

/** The fills under way, so that what was fetched before an invalidation is not kept after it. */
export class FillWatches {
  readonly #byUrl = new Map<string, Set<FillWatch>>()

  begin(url: string): FillWatch {
    const watch: FillWatch = { url, isFenced: false, marks: {} }
    const others = this.#byUrl.get(url)
    if (others === undefined) this.#byUrl.set(url, new Set([watch]))
    else others.add(watch)
    return watch
  }

  end(watch: FillWatch): void {
    const watches = this.#byUrl.get(watch.url)
    watches?.delete(watch)
    if (watches?.size === 0) this.#byUrl.delete(watch.url)
  }

  /** @param except what invalidates it itself, and may bring the newer state along */
  fence(url: string, except?: FillWatch): void {
    for (const watch of this.#byUrl.get(url) ?? []) watch.isFenced ||= watch !== except
  }

  /** Which tags a response will bear is not known before it has come. */
  fenceAll(): void {
    for (const watches of this.#byUrl.values()) for (const watch of watches) watch.isFenced = true
  }
}
