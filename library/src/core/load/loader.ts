import type { Duration } from '../../base/duration.ts'
import type { Key } from '../../base/key.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import { type Policy, readLasting, readTags } from '../policy.ts'

/** What a loader may ask and say beside its value. */
export interface LoadContext {
  readonly key: Key
  /** Aborted when the loader takes longer than `loaderTimeout`, or nobody waits for it any more. */
  readonly signal: AbortSignal
  /** The value that is being refreshed; undefined when there is none. */
  readonly stale: unknown
  /** How long this value is fresh, instead of `ttl`. */
  setTtl(ttl: Duration): void
  /** Tags beside those of the options. */
  setTags(tags: readonly string[]): void
  /**
   * Tags beside those of the options whose fences are taken now: from here on the load counts as one that reads what
   * they stand for. For loaders that learn their tags just before they read: what is invalidated after that is neither
   * kept nor shared with later callers, in whichever process it was invalidated. Answers a promise where a shared tier
   * must be asked first; wait for it before reading.
   */
  holdTags(tags: readonly string[]): Promise<void> | undefined
  /** The value goes to those who wait for it and is kept nowhere. */
  skipStore(): void
  /**
   * The stale value still is the right one: it is kept anew, whatever the loader answers.
   * @throws RepriseError `invalid_loader` when there is none
   * @example ({ stale, notModified }) => (answer.status === 304 ? notModified() : answer.json())
   */
  notModified(): never
}

/** Makes the value of a key. Undefined means that there is none; null is a value. */
export type Loader<Value> = (context: LoadContext) => Value | PromiseLike<Value>

/** What the loader said through its context. */
export interface LoaderWishes {
  readonly ttlMs: number | undefined
  readonly tags: readonly string[]
  readonly isUnkept: boolean
  readonly isUnmodified: boolean
}

/** A loader's context, and what was said through it. */
export function loadContext(
  key: Key,
  signal: AbortSignal,
  stale: { readonly value: unknown } | undefined,
  policy: Policy,
  hold: (tags: readonly string[]) => Promise<void> | undefined,
): { readonly context: LoadContext; readonly wishes: () => LoaderWishes } {
  let ttlMs: number | undefined
  let { tags } = policy
  let isUnkept = false
  let isUnmodified = false
  const context: LoadContext = {
    key,
    signal,
    stale: stale?.value,
    setTtl: ttl => {
      ttlMs = readLasting(ttl, 'ttl')
    },
    setTags: more => {
      tags = readTags(more, tags)
    },
    holdTags: more => {
      tags = readTags(more, tags)
      return hold(tags)
    },
    skipStore: () => {
      isUnkept = true
    },
    notModified: () => {
      if (stale === undefined) {
        throw new RepriseError('invalid_loader', 'notModified() was called, but there is no stale value to keep.')
      }
      isUnmodified = true
      // What the loader answers does not matter any more.
      return undefined as never
    },
  }
  return { context, wishes: () => ({ ttlMs, tags, isUnkept, isUnmodified }) }
}

/** @throws RepriseError `invalid_loader` */
export function requireLoader(loader: unknown): void {
  if (typeof loader === 'function') return
  throw new RepriseError(
    'invalid_loader',
    `The loader must be a function, not ${loader === null ? 'null' : `of type ${typeof loader}`}.`,
    { field: 'loader' },
  )
}
