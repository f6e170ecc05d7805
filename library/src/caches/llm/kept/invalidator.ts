import type { Clock } from '../../../base/clock.ts'
import { expected, readNames } from '../../../base/option-reading.ts'
import type { Cache } from '../../../core/cache.ts'
import type { AnswerSelector } from '../../../ports/answer-store.ts'
import { documentTag, hoursUntil, modelMark, namespaceMark, tagMark } from './answer-tags.ts'
import type { DurableTier } from './durable-tier.ts'
import { type Places, readAnswerKey } from './places.ts'

export interface InvalidatorOptions {
  readonly cache: Cache
  readonly places: Places
  readonly durable: DurableTier | undefined
  readonly clock: Clock
  readonly longestTtlMs: number
}

const names: ReadonlySet<string> = new Set([
  'key',
  'tenant',
  'namespace',
  'model',
  'tag',
  'document',
  'promptHash',
  'olderThan',
])
const promptHashPattern = /^[0-9a-f]{64}$/
/** The engine takes so many tags at a time. */
const tagsTogether = 64

/** Removes answers from all tiers. */
export class Invalidator {
  readonly #options: InvalidatorOptions

  constructor(options: InvalidatorOptions) {
    this.#options = options
  }

  /**
   * The durable tier goes first: whatever was found there before is then fenced by the engine, and whoever looks
   * afterwards finds it gone.
   */
  async invalidate(selector: AnswerSelector): Promise<number> {
    readSelector(selector)
    const [forgotten] = await Promise.allSettled([this.#options.durable?.forget(selector)])
    const removed = await this.#removeFromEngine(selector)
    if (forgotten.status === 'rejected') throw forgotten.reason
    return Math.max(removed, forgotten.value ?? 0)
  }

  /** By the field that says most. */
  async #removeFromEngine(selector: AnswerSelector): Promise<number> {
    const { key, promptHash, tag, document, model, olderThan } = selector
    if (key !== undefined) {
      const place = this.#options.places.place(readAnswerKey(key))
      return (await place.space.delete(place.name)).removed
    }
    const { scope, mark } = this.#scopeOf(selector)
    if (promptHash !== undefined) return (await scope.invalidatePattern(`${promptHash}:*`)).removed
    if (tag !== undefined) return invalidateTags(scope, [tagMark(tag)])
    if (document !== undefined) return invalidateTags(scope, [tagMark(documentTag(document))])
    if (model !== undefined) return invalidateTags(scope, [modelMark(model)])
    if (mark !== undefined) return invalidateTags(scope, [mark])
    if (olderThan === undefined) return (await scope.clear()).removed
    const { clock, longestTtlMs } = this.#options
    return invalidateTags(scope, hoursUntil(olderThan, clock.now(), longestTtlMs))
  }

  /** The part of the cache that a selector is about; a namespace of all tenants is known by its mark. */
  #scopeOf({ tenant, namespace }: AnswerSelector): { readonly scope: Cache; readonly mark: string | undefined } {
    const { cache, places } = this.#options
    if (tenant !== undefined) return { scope: places.space(tenant, namespace), mark: undefined }
    return { scope: cache, mark: namespace === undefined ? undefined : namespaceMark(namespace) }
  }
}

function readSelector(selector: AnswerSelector): void {
  readNames(selector, names, 'invalidate')
  const given = Object.entries(selector).filter(([, value]) => value !== undefined)
  if (given.length === 0) throw expected('selector', `one with at least one of ${[...names].join(', ')}`, selector)
  for (const [name, value] of given) {
    if (name === 'olderThan') {
      if (typeof value !== 'number' || !Number.isFinite(value)) throw expected(name, 'an instant in ms', value)
    } else if (typeof value !== 'string' || value === '') throw expected(name, 'a text of 1 character or more', value)
  }
  const { key, promptHash } = selector
  if (key !== undefined) readAnswerKey(key)
  if (promptHash !== undefined && !promptHashPattern.test(promptHash)) {
    throw expected('promptHash', '64 hex digits', promptHash)
  }
}

async function invalidateTags(scope: Cache, tags: readonly string[]): Promise<number> {
  let removed = 0
  for (let from = 0; from < tags.length; from += tagsTogether) {
    removed += (await scope.invalidateTags(tags.slice(from, from + tagsTogether))).removed
  }
  return removed
}
