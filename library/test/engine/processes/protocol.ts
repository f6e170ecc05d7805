import type { CacheEvents, CacheOptions, CachePolicyOptions, CacheStats, Key } from 'reprise'

/** What the test tells a process that has caches. All of it arrives in order. */
export type ToProcess =
  /** Answered once the cache reached its Redis. */
  | { readonly kind: 'make'; readonly call: number; readonly cache: number; readonly options: Partial<CacheOptions> }
  | { readonly kind: 'run'; readonly call: number; readonly on: Place; readonly method: string; readonly args: Args }
  /** The caller of a call leaves. */
  | { readonly kind: 'leave'; readonly call: number; readonly reason: SentError }
  /** A loader that was asked to run by `load` ended. */
  | { readonly kind: 'loaded'; readonly run: number; readonly outcome: Outcome; readonly wishes: Wishes }
  | { readonly kind: 'listen'; readonly cache: number; readonly name: keyof CacheEvents }
  | { readonly kind: 'advance'; readonly call: number; readonly ms: number }
  | { readonly kind: 'close'; readonly call: number; readonly cache: number }

export type FromProcess =
  | { readonly kind: 'answer'; readonly call: number; readonly outcome: Outcome; readonly stats: Stats }
  /** A loader of a call is to run: of one key, or of those missing of a batch. */
  | { readonly kind: 'load'; readonly run: number; readonly call: number; readonly key: Key; readonly stale: unknown }
  | { readonly kind: 'loadMany'; readonly run: number; readonly call: number; readonly keys: readonly Key[] }
  /** The signal of a loader's run was aborted. */
  | { readonly kind: 'cancelled'; readonly run: number; readonly reason: SentError }
  | { readonly kind: 'event'; readonly cache: number; readonly name: keyof CacheEvents; readonly event: object }

/** A cache, or a namespace below it. */
export interface Place {
  readonly cache: number
  readonly namespaces: readonly { readonly name: string; readonly options: CachePolicyOptions | undefined }[]
}

/** Arguments of a method; its loader and its signal stay with the test. */
export type Args = readonly (unknown | typeof loaderPlace)[]
export const loaderPlace = '(the loader stays with the test)'
export const signalPlace = '(the signal stays with the test)'

export type Outcome = { readonly value: unknown } | { readonly error: SentError }
export type Stats = readonly (readonly [cache: number, stats: CacheStats])[]

/** What a loader said through its context. */
export interface Wishes {
  readonly ttl?: number | string
  readonly tags?: readonly string[]
  readonly isUnkept?: boolean
  readonly isUnmodified?: boolean
}

/** An error on its way; one that the test sent comes back to it as the same. */
export interface SentError {
  readonly sent?: number
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly field?: unknown
}

export function describeError(error: unknown, sent?: number): SentError {
  const given: Error & { readonly code?: unknown; readonly field?: unknown } =
    error instanceof Error ? error : new Error(String(error))
  const { name, message, code, field } = given
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(field === undefined ? {} : { field }),
    ...(sent === undefined ? {} : { sent }),
  }
}
