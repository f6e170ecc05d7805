import { literalGlob, matchesGlob } from '../../base/glob.ts'
import { type CacheKey, readableText } from '../../base/key.ts'
import type { MarkName, NamespacePath } from '../../base/namespace-path.ts'
import type { KeyGlob, MarkRenewal } from '../../ports/store.ts'
import { lies } from '../tiers/memory-tier.ts'

/** Something that was true and is not any more. */
export type Invalidation =
  | { readonly kind: 'keys'; readonly keys: readonly CacheKey[] }
  /** Of tags and namespaces. */
  | { readonly kind: 'marks'; readonly renewals: readonly MarkRenewal[] }
  | { readonly kind: 'pattern'; readonly path: NamespacePath; readonly glob: string }

/** As other processes hear of it: they ask the store for the new marks. */
export type ForeignInvalidation =
  | Exclude<Invalidation, { kind: 'marks' }>
  | { readonly kind: 'renewed'; readonly names: readonly MarkName[] }

/** Whether a key lies in the namespace of a pattern, or below it, and its readable text matches. */
export function matchesPattern(key: CacheKey, path: NamespacePath, glob: string): boolean {
  return lies(key, path) && matchesGlob(glob, readableText(key))
}

/** A glob over whole keys that finds at least what a pattern matches. */
export function keyGlob(path: NamespacePath, glob: string): KeyGlob {
  const wide = glob.replace(/\\.|\?/gs, part => (part === '?' ? '*' : part))
  return `${literalGlob(path)}*${wide}*` as KeyGlob
}

/** How much an invalidation counts towards a bound. */
export function weightOf(invalidation: Invalidation): number {
  switch (invalidation.kind) {
    case 'keys':
      return invalidation.keys.length
    case 'marks':
      return invalidation.renewals.length
    case 'pattern':
      return 1
  }
}
