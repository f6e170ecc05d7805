import { randomUUID } from 'node:crypto'
import type { Cache } from '../../../core/cache.ts'

/** Marks that purges left: on one URL, and on all of them. */
export interface PurgeMarks {
  readonly url?: string | undefined
  readonly all?: string | undefined
}

/** A purge is remembered for longer than a fill takes that it must fence. */
const rememberedMs = 3_600_000
/** No URL is called that. */
const allKey = 'all'

/**
 * Marks in the shared tier by which a fill sees what was purged, in whichever process, since it began: a purge leaves its
 * mark before it removes anything, and a fill looks for one after it has written. Without a shared tier there are none,
 * and no need of any.
 */
export class PurgeMarkTable {
  readonly #marks: Pick<Cache, 'getMany' | 'set'>

  constructor(cache: Pick<Cache, 'namespace'>) {
    // Memory may not have heard yet.
    this.#marks = cache.namespace('purges', { skipMemory: true, ttl: rememberedMs })
  }

  async read(url: string): Promise<PurgeMarks> {
    const [ofUrl, ofAll] = await this.#marks.getMany<string>([url, allKey])
    return { url: ofUrl, all: ofAll }
  }

  async markUrl(url: string): Promise<string> {
    const mark = randomUUID()
    await this.#marks.set(url, mark)
    return mark
  }

  /** Which tags a response will bear is not known before it has come: every fill is fenced. */
  async markAll(): Promise<void> {
    await this.#marks.set(allKey, randomUUID())
  }

  /** Whether there was a purge since these were read. */
  async isPurgedSince(url: string, before: PurgeMarks): Promise<boolean> {
    const now = await this.read(url)
    return (now.url !== undefined && now.url !== before.url) || (now.all !== undefined && now.all !== before.all)
  }
}
