export interface SplitText {
  readonly statements: readonly string[]
  /** What is not ended by a semicolon yet; empty when only blanks and comments are left. */
  readonly rest: string
}

/** What must be read over as a whole: comments, quoted names and texts, bodies between dollar signs. */
const whole = [
  /--[^\n]*/y,
  /\/\*[\s\S]*?(?:\*\/|$)/y,
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/y,
  /'(?:[^']|'')*(?:'|$)/y,
  /"(?:[^"]|"")*(?:"|$)/y,
  /(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?(?:\1|$)/y,
  /[A-Za-z_]\w*/y,
]

/** Cuts a text at the semicolons that end statements, as `psql` does; what stands in quotes or comments ends none. */
export function splitStatements(text: string): SplitText {
  const statements: string[] = []
  let [from, at] = [0, 0]
  let isEmpty = true
  while (at < text.length) {
    const length = wholeAt(text, at)
    const character = text[at] ?? ''
    if (character === ';') {
      if (!isEmpty) statements.push(text.slice(from, at).trim())
      from = at + 1
      isEmpty = true
    } else if (!/\s/.test(character) && !isComment(text, at)) {
      isEmpty = false
    }
    at += length
  }
  return { statements, rest: isEmpty ? '' : text.slice(from).trim() }
}

function wholeAt(text: string, at: number): number {
  for (const pattern of whole) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match !== null) return match[0].length
  }
  return 1
}

function isComment(text: string, at: number): boolean {
  return text.startsWith('--', at) || text.startsWith('/*', at)
}
