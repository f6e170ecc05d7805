import type { KeyGlob } from '../../../ports/store.ts'

/** Redis tries all ways to share a key among the stars of a pattern: many stars would hold it up for long. */
const maxStars = 4

/**
 * The pattern of Redis that finds at least the keys of a glob. In Redis `?` is one byte rather than one character, so
 * that every run of wildcards becomes one star; past some stars the rest is left to the caller's comparison.
 */
export function keyPattern(prefix: string, glob: KeyGlob): string {
  let pattern = literally(prefix)
  let stars = 0
  let literal = false
  for (const character of glob) {
    if (!literal && character === '\\') {
      literal = true
      continue
    }
    if (literal || (character !== '*' && character !== '?')) pattern += literally(character)
    else if (!pattern.endsWith('*') || pattern.endsWith('\\*')) {
      pattern += '*'
      stars += 1
      if (stars === maxStars) return pattern
    }
    literal = false
  }
  return pattern
}

function literally(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&')
}
