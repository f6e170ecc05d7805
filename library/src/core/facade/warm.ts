import type { Key } from '../../base/key.ts'
import { expected, readCount, readNames } from '../../base/option-reading.ts'
import type { Loader } from '../load/loader.ts'
import type { CachePolicyOptions } from '../policy.ts'

/** What is kept ahead of its use: a value, or a loader that is called when the key is missing. */
export type WarmEntry =
  | readonly [key: Key, value: unknown]
  | { readonly key: Key; readonly value: unknown; readonly options?: CachePolicyOptions }
  | { readonly key: Key; readonly loader: Loader<unknown>; readonly options?: CachePolicyOptions }

export interface WarmOptions {
  /** How many entries are worked on at a time. Default 16. */
  readonly concurrency?: number
  /** Stops the run after the entries under way; the run then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told after each entry. */
  readonly onProgress?: (progress: WarmProgress) => void
}

export interface WarmProgress {
  readonly warmed: number
  readonly failed: number
}

export interface WarmResult extends WarmProgress {
  readonly durationMs: number
  /** The first errors, ten at most. */
  readonly errors: readonly unknown[]
}

const names: ReadonlySet<string> = new Set(['concurrency', 'signal', 'onProgress'])
const mostErrors = 10

/** Works through entries, some at a time; one that fails is counted and harms no other. */
export async function warmAll(
  entries: Iterable<WarmEntry> | AsyncIterable<WarmEntry>,
  options: WarmOptions,
  warmOne: (entry: WarmEntry) => Promise<unknown>,
): Promise<Omit<WarmResult, 'durationMs'>> {
  readNames(options, names, 'warm')
  const { concurrency = 16, signal, onProgress } = options
  const count = readCount(concurrency, 'concurrency')
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw expected('onProgress', 'a function', onProgress)
  }
  const iterator = iteratorOf(entries)
  const errors: unknown[] = []
  let warmed = 0
  let failed = 0
  let isOver = false
  const work = async () => {
    while (!isOver) {
      signal?.throwIfAborted()
      const next = await iterator.next()
      if (next.done === true) {
        isOver = true
        return
      }
      try {
        await warmOne(next.value)
        warmed += 1
      } catch (error) {
        failed += 1
        if (errors.length < mostErrors) errors.push(error)
      }
      onProgress?.({ warmed, failed })
    }
  }
  try {
    await Promise.all(Array.from({ length: count }, work))
  } finally {
    isOver = true
    await iterator.return?.()
  }
  return { warmed, failed, errors }
}

/** Takes one entry after another, also when several workers ask at a time. */
function iteratorOf(entries: Iterable<WarmEntry> | AsyncIterable<WarmEntry>): AsyncIterator<WarmEntry> {
  if (entries !== null && typeof entries === 'object') {
    if (Symbol.asyncIterator in entries) return entries[Symbol.asyncIterator]()
    if (Symbol.iterator in entries) {
      const iterator = entries[Symbol.iterator]()
      return {
        next: async () => iterator.next(),
        return: async () => iterator.return?.() ?? { done: true, value: undefined },
      }
    }
  }
  throw expected('entries', 'an iterable or async iterable', entries)
}
