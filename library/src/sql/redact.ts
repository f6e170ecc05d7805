import type { SqlDialect } from './statement.ts'
import { tokensOf } from './tokens.ts'

/** Longer texts are cut. */
const longestRedacted = 2_000
/** Of a longer text only the beginning is looked at: literals in bulk are of no interest. */
const longestRead = 20_000

/**
 * A statement without what may be personal: literals become `?`, lists of them `(?)`, comments go. Names of tables and
 * columns stay. For logs and the names of slow queries.
 * @example redact("SELECT * FROM users WHERE mail = 'a@b.c' AND age IN (1, 2)", 'postgres') // SELECT * FROM users WHERE mail = ? AND age IN (?)
 */
export function redact(text: string, dialect: SqlDialect): string {
  const read = text.slice(0, longestRead)
  let redacted = ''
  let end = 0
  for (const token of tokensOf(read, dialect)) {
    if (token.start > end && redacted !== '') redacted += ' '
    end = token.end
    const isLiteral = token.kind === 'string' || token.kind === 'number' || token.kind === 'broken'
    redacted += isLiteral ? '?' : read.slice(token.start, token.end)
  }
  const short = redacted.replace(/\(\s*[?](?:\s*,\s*[?])+\s*\)/g, '(?)').replace(/\(\?\)(?:\s*,\s*\(\?\))+/g, '(?)')
  if (short.length <= longestRedacted && text.length <= longestRead) return short
  return `${short.slice(0, longestRedacted)} …`
}
