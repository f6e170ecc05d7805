import type { SqlDialect } from './statement.ts'

/** A piece of a statement. Comments and space are none. */
export interface Token {
  /** `name` is a quoted identifier, `string` a literal, `broken` a quote that never ends. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'parameter' | 'symbol' | 'broken'
  /** As written; of a name what stands between its quotes. */
  readonly text: string
  /** Words in upper case, symbols as they are, nothing of the rest: what grammar is told by. */
  readonly word: string
  readonly start: number
  readonly end: number
}

type Kind = Token['kind'] | 'space'
type Rule = readonly [kind: Kind, pattern: RegExp]

const letters = 'A-Za-z_\\u0080-\\uffff'
const word = `[${letters}][\\w$\\u0080-\\uffff]*`
const number = new RegExp(`(?:0[xX][\\da-fA-F]+|(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)(?![${letters}$])`, 'y')

const rules: Readonly<Record<SqlDialect, readonly Rule[]>> = {
  mysql: [
    ['space', /\s+|--(?:[^\S\n][^\n]*|(?=\n)|$)|#[^\n]*|\/\*(?!M?!)[\s\S]*?(?:\*\/|$)/y],
    // What stands in `/*!50001 … */` is carried out.
    ['space', /\/\*M?!\d*|\*\//y],
    ['string', /'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'|"[^"\\]*(?:(?:\\[\s\S]|"")[^"\\]*)*"/y],
    ['name', /`[^`]*(?:``[^`]*)*`/y],
    ['number', number],
    // Names may begin with digits: 2fa_codes. @x is a variable.
    ['word', new RegExp(`@*${word}|\\d+[\\w$]+`, 'y')],
    ['parameter', /\?|:[A-Za-z_]\w*/y],
    ['broken', /['"`][\s\S]*/y],
    ['symbol', /[\s\S]/y],
  ],
  postgres: [
    ['space', /\s+|--[^\n]*/y],
    ['string', /[eE]'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'|(?:[uU]&|[bBxXnN])?'[^']*(?:''[^']*)*'/y],
    ['string', /\$(?<tag>(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$[\s\S]*?\$\k<tag>\$/y],
    ['name', /(?:[uU]&)?"[^"]*(?:""[^"]*)*"/y],
    ['number', number],
    ['word', new RegExp(word, 'y')],
    ['parameter', /\$\d+|\?|:(?!:)[A-Za-z_]\w*/y],
    ['broken', /['"][\s\S]*|\/\*[\s\S]*/y],
    ['symbol', /[\s\S]/y],
  ],
}

/** All rules as one pattern, which is several times as fast as one after another. */
const lexers = { mysql: lexerOf(rules.mysql), postgres: lexerOf(rules.postgres) }

function lexerOf(of: readonly Rule[]): { readonly pattern: RegExp; readonly kinds: readonly Kind[] } {
  const pattern = of.map(([, rule]) => `(${rule.source})`).join('|')
  // The rule of $tag$ … $tag$ captures twice.
  const kinds = of.flatMap(([kind, rule]) => (rule.source.includes('?<tag>') ? [kind, kind] : [kind]))
  return { pattern: new RegExp(pattern, 'y'), kinds }
}

/** The tokens of a text. */
export function tokensOf(text: string, dialect: SqlDialect): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const [kind, end] = nextOf(text, at, dialect)
    if (kind !== 'space') tokens.push(tokenOf(kind, text, at, end))
    at = end
  }
  return tokens
}

function nextOf(text: string, at: number, dialect: SqlDialect): readonly [Kind, number] {
  const end = dialect === 'postgres' ? endOfNestedComment(text, at) : undefined
  if (end !== undefined) return ['space', end]
  const { pattern, kinds } = lexers[dialect]
  pattern.lastIndex = at
  const found = pattern.exec(text) ?? []
  return [kinds.find((_, index) => found[index + 1] !== undefined) ?? 'symbol', pattern.lastIndex]
}

/** PostgreSQL's comments hold comments. Undefined where none begins, or it never ends. */
function endOfNestedComment(text: string, start: number): number | undefined {
  if (!text.startsWith('/*', start)) return undefined
  const mark = /\/\*|\*\//g
  mark.lastIndex = start
  let depth = 0
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return undefined
}

function tokenOf(kind: Token['kind'], written: string, start: number, end: number): Token {
  const text = written.slice(start, end)
  if (kind === 'word') return { kind, text, word: text.toUpperCase(), start, end }
  if (kind === 'symbol') return { kind, text, word: text, start, end }
  if (kind !== 'name') return { kind, text, word: '', start, end }
  const quote = text.at(-1) ?? ''
  const inner = text.slice(text.indexOf(quote) + 1, -1).replaceAll(quote + quote, quote)
  return { kind, text: inner, word: '', start, end }
}
