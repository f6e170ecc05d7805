import type { Key } from '../../base/key.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import type { LoadContext } from './loader.ts'

/** Makes the values of keys: a list in their order, or a Map by key; undefined, or no place in the Map, where there is none. */
export type BatchLoader<K extends Key, Value> = (
  missing: readonly K[],
  context: Pick<LoadContext, 'signal'>,
) => BatchResult<K, Value> | PromiseLike<BatchResult<K, Value>>

export type BatchResult<K extends Key, Value> = readonly (Value | undefined)[] | ReadonlyMap<K, Value>

interface Wanted<K> {
  readonly key: K
  readonly signal: AbortSignal
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * One call of the loader for the keys of a batch: waits until each of them either wants to be loaded or is known not to,
 * because it was found, or is being loaded by somebody else. A key that wants to be loaded later gets a call of its own.
 */
export class Batch<K extends Key, Value> {
  readonly #loader: BatchLoader<K, Value>
  readonly #undecided: Set<K>
  #wanted: Wanted<K>[] = []

  constructor(loader: BatchLoader<K, Value>, keys: Iterable<K>) {
    this.#loader = loader
    this.#undecided = new Set(keys)
  }

  load(key: K, { signal }: LoadContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#wanted.push({ key, signal, resolve, reject })
      this.#undecided.delete(key)
      this.#loadWhenDecided()
    })
  }

  leaveOut(key: K): void {
    if (this.#undecided.delete(key)) this.#loadWhenDecided()
  }

  #loadWhenDecided(): void {
    if (this.#undecided.size > 0 || this.#wanted.length === 0) return
    const wanted = this.#wanted
    this.#wanted = []
    void this.#loadTogether(wanted)
  }

  async #loadTogether(wanted: readonly Wanted<K>[]): Promise<void> {
    try {
      const signal = whenAll(wanted.map(each => each.signal))
      const keys = wanted.map(each => each.key)
      const result = await this.#loader(keys, { signal })
      const values = valuesOf(result, keys)
      wanted.forEach(({ resolve }, index) => {
        resolve(values[index])
      })
    } catch (error) {
      for (const { reject } of wanted) reject(error)
    }
  }
}

function valuesOf<K extends Key>(result: unknown, keys: readonly K[]): readonly unknown[] {
  if (result instanceof Map) return keys.map(key => result.get(key))
  if (Array.isArray(result) && result.length === keys.length) return result
  const came = Array.isArray(result) ? `a list of ${result.length}` : typeof result
  throw new RepriseError(
    'invalid_loader',
    `The loader of ${keys.length} keys must answer a list of ${keys.length} values in their order, undefined where there is none, or a Map; not ${came}.`,
    { field: 'loader' },
  )
}

/** Aborted once all of them are. */
function whenAll(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController()
  let left = signals.length
  for (const signal of signals) {
    const count = () => {
      left -= 1
      if (left === 0) all.abort(signal.reason)
    }
    if (signal.aborted) count()
    else signal.addEventListener('abort', count, { once: true })
  }
  return all.signal
}
