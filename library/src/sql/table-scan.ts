import type { Findings, SqlDialect } from './statement.ts'
import type { Group, Item } from './token-tree.ts'

/** Names that a WITH clause gives: no tables. In lower case. */
export type CteNames = ReadonlySet<string>

interface ScanOptions {
  /** Whether tables are named from the first item on: `UPDATE a, b SET`. */
  readonly inFrom?: boolean
  /** Whether FROM begins a list of tables, and is not an argument: `TRIM(x FROM y)`. */
  readonly isQuery?: boolean
  /** Where the names of tables go. */
  readonly into?: 'read' | 'written'
  /** Stops there. */
  readonly until?: ReadonlySet<string>
}

const endsFrom = new Set(
  [
    'WHERE',
    'GROUP',
    'HAVING',
    'ORDER',
    'LIMIT',
    'OFFSET',
    'FETCH',
    'WINDOW',
    'SET',
    'RETURNING',
    'INTO',
    'VALUES',
  ].concat(['UNION', 'EXCEPT', 'INTERSECT', 'MINUS', 'SELECT', 'PROCEDURE', 'WHEN']),
)
const beforeTable = new Set(['ONLY', 'LATERAL', 'TABLE'])
const locking = new Set(['UPDATE', 'SHARE', 'NO', 'KEY'])
const beforeTableStatement = new Set(['UNION', 'ALL', 'DISTINCT', 'EXCEPT', 'INTERSECT'])

/**
 * Finds the tables of a statement by its words alone: what follows FROM, JOIN and the commas between. Rather names one
 * too many than one too few.
 */
export class TableScan {
  readonly #findings: Findings
  readonly #dialect: SqlDialect
  /** Reads a statement inside of another: what a WITH clause carries out. */
  readonly #statement: (items: readonly Item[], ctes: CteNames) => void

  constructor(findings: Findings, dialect: SqlDialect, statement: (items: readonly Item[], ctes: CteNames) => void) {
    this.#findings = findings
    this.#dialect = dialect
    this.#statement = statement
  }

  /** Goes through items from a place on; answers the place where it stopped. */
  scan(items: readonly Item[], from: number, around: CteNames, options: ScanOptions = {}): number {
    const { into = 'read', until } = options
    let { inFrom = false, isQuery = false } = options
    let ctes = around
    let wantsTable = inFrom
    for (let at = from; at < items.length; at += 1) {
      const item = items[at]
      if (item === undefined) break
      if (item.kind === 'group') {
        this.#group(item, wantsTable, ctes, into)
        wantsTable = false
        continue
      }
      const { word } = item
      const before = items[at - 1]?.word
      if (before === '.') continue
      if (until?.has(word)) return at
      if (wantsTable && beforeTable.has(word)) continue
      if (wantsTable && isName(item) && !endsFrom.has(word)) {
        wantsTable = false
        at = this.#table(items, at, ctes, into) - 1
        continue
      }
      wantsTable = false
      if (items[at + 1]?.kind === 'group' && isName(item)) this.#findings.functions.add(textOf(item).toLowerCase())
      if (word === 'WITH') ({ at, ctes } = this.ctes(items, at, ctes))
      else if (word === 'SELECT') isQuery = true
      else if (word === 'FROM' && isQuery && !isDistinctFrom(items, at)) inFrom = wantsTable = true
      else if (word === 'JOIN' || (word === 'STRAIGHT_JOIN' && inFrom)) wantsTable = isQuery && before !== 'FOR'
      else if (word === 'TABLE') wantsTable = at === from || beforeTableStatement.has(before ?? '')
      else if (word === ',' && inFrom) wantsTable = !isIndexHint(items, at + 1)
      else if (endsFrom.has(word) && before !== 'FOR') inFrom = false
      if ((word === 'FOR' && locking.has(items[at + 1]?.word ?? '')) || (word === 'LOCK' && isQuery)) this.#lock()
    }
    return items.length
  }

  /** Reads a WITH clause, if one begins here: what it names, and its last item's place. */
  ctes(items: readonly Item[], start: number, around: CteNames): { readonly at: number; readonly ctes: CteNames } {
    const isRecursive = items[start + 1]?.word === 'RECURSIVE'
    const named = new Set(around)
    const bodies: (readonly [body: Group, names: CteNames])[] = []
    let at = start + (isRecursive ? 2 : 1)
    while (true) {
      const name = items[at]
      if (!isName(name)) break
      if (items[at + 1]?.kind === 'group') at += 1
      if (items[at + 1]?.word !== 'AS') break
      at += 2
      if (items[at]?.word === 'NOT') at += 1
      if (items[at]?.word === 'MATERIALIZED') at += 1
      const body = items[at]
      if (body?.kind !== 'group') break
      bodies.push([body, new Set(named)])
      named.add(textOf(name).toLowerCase())
      at += 1
      if (items[at]?.word !== ',') break
      at += 1
    }
    // WITH ROLLUP, WITH TIES and the like name nothing.
    if (bodies.length === 0) return { at: start, ctes: around }
    for (const [body, names] of bodies) this.#statement(body.items, isRecursive ? named : names)
    return { at: at - 1, ctes: named }
  }

  /** Adds the tables that are listed from a place on, with commas between. */
  list(items: readonly Item[], from: number, ctes: CteNames, into: 'read' | 'written'): number {
    let at = from
    while (true) {
      if (!isName(items[at])) return at
      at = this.#table(items, at, ctes, into)
      if (items[at]?.word !== ',') return at
      at += 1
    }
  }

  #group(group: Group, wantsTable: boolean, ctes: CteNames, into: 'read' | 'written'): void {
    const first = group.items[0]
    const isTables = wantsTable && (isName(first) || first?.kind === 'group') && !startsQuery(group)
    if (isTables) this.scan(group.items, 0, ctes, { inFrom: true, isQuery: true, into })
    else this.scan(group.items, 0, ctes)
  }

  #table(items: readonly Item[], at: number, ctes: CteNames, into: 'read' | 'written'): number {
    const { parts, end } = nameAt(items, at, this.#dialect)
    const name = parts.join('.')
    // A function that answers rows; what stands in its parentheses is scanned by whoever goes on from here.
    const isFunction = items[end]?.kind === 'group' && into === 'read'
    if (isFunction) this.#findings.functions.add(name.toLowerCase())
    else if (parts.length > 1 || !ctes.has(name.toLowerCase())) {
      if (!(name.toLowerCase() === 'dual' && this.#dialect === 'mysql')) this.#findings[into].add(name)
    }
    return end
  }

  #lock(): void {
    this.#findings.locks = true
  }
}

/** The parts of a dotted name, and the place behind it. */
export function nameAt(
  items: readonly Item[],
  start: number,
  dialect: SqlDialect,
): { readonly parts: readonly string[]; readonly end: number } {
  const parts: string[] = []
  let at = start
  while (true) {
    const item = items[at]
    if (!isName(item)) break
    const text = textOf(item)
    // PostgreSQL folds what is not quoted.
    parts.push(dialect === 'postgres' && item.kind === 'word' ? text.toLowerCase() : text)
    if (items[at + 1]?.word !== '.') return { parts, end: at + 1 }
    at += 2
  }
  return { parts, end: at }
}

export function isName(item: Item | undefined): item is Exclude<Item, Group> {
  return item?.kind === 'name' || item?.kind === 'word'
}

function textOf(item: Item): string {
  return item.kind === 'group' ? '' : item.text
}

function startsQuery({ items }: Group): boolean {
  const [first] = items
  if (first?.kind === 'group') return startsQuery(first)
  return ['SELECT', 'WITH', 'VALUES', 'TABLE'].includes(first?.word ?? '')
}

/** `IS NOT DISTINCT FROM x` compares. */
function isDistinctFrom(items: readonly Item[], at: number): boolean {
  return items[at - 1]?.word === 'DISTINCT' && ['IS', 'NOT'].includes(items[at - 2]?.word ?? '')
}

/** `t USE INDEX (a), IGNORE INDEX (b)` */
function isIndexHint(items: readonly Item[], at: number): boolean {
  return (
    ['USE', 'FORCE', 'IGNORE'].includes(items[at]?.word ?? '') && ['INDEX', 'KEY'].includes(items[at + 1]?.word ?? '')
  )
}
