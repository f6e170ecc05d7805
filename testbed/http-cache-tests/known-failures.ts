import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Required tests of version 0.4.5 that no cache can pass: the origin breaks off, and a status 200 that it never sent is
 * expected. Later editions expect what we test in `disconnected origins` ourselves.
 */
export const impossible: readonly string[] = ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=2'].map(
  directive => `stale-close-${directive}`,
)

/** Required tests of version 0.4.5 that ask for the contrary of RFC 9111 5.1, which came out after it. */
export const beforeRfc9111: readonly string[] = [
  'age-parse-dup-0',
  'age-parse-dup-0-twoline',
  'age-parse-dup-old',
  'age-parse-float',
  'age-parse-negative',
  'age-parse-nonnumeric',
  'age-parse-numeric-parameter',
  'age-parse-parameter',
  'age-parse-prefix-twoline',
]

/** The tests that `docs/http-cache.md` names as failed, each with its reason: those in the tables' first column. */
export function documentedFailures(): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs/http-cache.md'), 'utf8')
  return [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, id = '']) => id)
}
