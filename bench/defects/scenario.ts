import type { Ability, Library } from './library.ts'

export type Verdict =
  | { readonly kind: 'pass'; readonly word: string }
  | { readonly kind: 'fail'; readonly word: string }
  | { readonly kind: 'not applicable'; readonly word: string }

/** One defect that a cache may have, played against a library in a program of its own. */
export interface Scenario {
  readonly name: string
  /** What it asks, in a sentence. */
  readonly question: string
  readonly needs: readonly Ability[]
  /** Past this the library hangs. Default one minute. */
  readonly limitMs?: number
  /** What it starts it hands to `ends`: that ends once the verdict is known. */
  play(library: Library, ends: AsyncDisposableStack): Promise<Verdict>
}

export const pass = (word = ''): Verdict => ({ kind: 'pass', word })
export const fail = (word: string): Verdict => ({ kind: 'fail', word })

/** A pass where every fault stayed away, else a fail that names those that came. */
export function verdictOf(faults: readonly (string | false | undefined)[], passed = ''): Verdict {
  const found = faults.filter(fault => typeof fault === 'string')
  return found.length === 0 ? pass(passed) : fail(found.join('; '))
}
