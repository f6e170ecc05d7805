import type { Explanation, Key } from 'reprise'
import type { Administration, CacheReceipt, ExplainedKey } from '../../admin/administration.ts'
import { addFigures, type CacheFigures, type CacheName } from '../../admin/figures/cache-figures.ts'
import type { InvalidationTarget } from '../../admin/watched-cache.ts'
import { type Colleagues, topic } from '../colleagues.ts'

interface CleanedUp {
  readonly cache: CacheName
  readonly removed: number
}
interface Invalidating {
  readonly cache: string | undefined
  readonly target: InvalidationTarget
}
interface KeySearch {
  readonly cache: string
  readonly text: string
  readonly limit: number
}

const figuresTopic = topic<undefined, readonly CacheFigures[]>('cache.figures')
const clearTopic = topic<string | undefined, readonly CacheReceipt[]>('cache.clear')
const cleanupTopic = topic<string | undefined, readonly CleanedUp[]>('cache.cleanup')
const invalidateTopic = topic<Invalidating, readonly CacheReceipt[]>('cache.invalidate')
const explainTopic = topic<{ readonly cache: string; readonly key: Key }, Explanation>('cache.explain')
const keysTopic = topic<KeySearch, readonly ExplainedKey[]>('cache.keys')

/** The administration of all processes, whichever of them is asked: figures add up, and what is removed is removed in all. */
export function sharedAdministration(colleagues: Colleagues, own: Administration): Administration {
  colleagues.answer(figuresTopic, () => own.figures())
  colleagues.answer(clearTopic, cache => own.clear(cache))
  colleagues.answer(cleanupTopic, cache => own.cleanup(cache))
  colleagues.answer(invalidateTopic, ({ cache, target }) => own.invalidate(cache, target))
  colleagues.answer(explainTopic, ({ cache, key }) => own.explain(cache, key))
  colleagues.answer(keysTopic, ({ cache, text, limit }) => own.findKeys(cache, text, limit))

  return {
    since: own.since,
    figures: async () => together(await colleagues.ask(figuresTopic, undefined), figures => figures.name, addFigures),
    clear: async cache => together(await colleagues.ask(clearTopic, cache), nameOf, addReceipts),
    cleanup: async cache =>
      together(await colleagues.ask(cleanupTopic, cache), nameOf, (one, other) => ({
        cache: one.cache,
        removed: one.removed + other.removed,
      })),
    invalidate: async (cache, target) =>
      together(await colleagues.ask(invalidateTopic, { cache, target }), nameOf, addReceipts),
    explain: async (cache, key) => {
      const all = await colleagues.ask(explainTopic, { cache, key })
      return all.find(({ servedBy }) => servedBy !== undefined) ?? own.explain(cache, key)
    },
    findKeys: async (cache, text, limit) => {
      const all = await colleagues.ask(keysTopic, { cache, text, limit })
      return together(all, keyOf, preferServed).slice(0, limit)
    },
    close: () => own.close(),
  }
}

/** What several processes answer about the same things, each of them once. */
function together<Told>(
  answers: readonly (readonly Told[])[],
  nameOf: (told: Told) => string,
  add: (one: Told, other: Told) => Told,
): readonly Told[] {
  const added = new Map<string, Told>()
  for (const told of answers.flat()) {
    const known = added.get(nameOf(told))
    added.set(nameOf(told), known === undefined ? told : add(known, told))
  }
  return [...added.values()]
}

const nameOf = ({ cache }: { readonly cache: CacheName }) => cache
const keyOf = ({ namespace, readable }: ExplainedKey) => JSON.stringify([namespace, readable])

function addReceipts(one: CacheReceipt, other: CacheReceipt): CacheReceipt {
  const redis = [one.redis, other.redis].includes('queued') ? 'queued' : one.redis
  return { cache: one.cache, removed: one.removed + other.removed, redis }
}

/** A key may lie in one memory and not in the other. */
function preferServed(one: ExplainedKey, other: ExplainedKey): ExplainedKey {
  return one.explanation.servedBy === undefined ? other : one
}
