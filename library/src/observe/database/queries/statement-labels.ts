import type { StatementLabels } from '../../../ports/database-events.ts'
import { hasPostgresParser } from '../../../sql/postgres-parser.ts'
import { readStatement } from '../../../sql/read-statement.ts'
import { redact } from '../../../sql/redact.ts'
import type { SqlDialect } from '../../../sql/statement.ts'

/** A program has few texts, with other parameters each time; past this many the oldest are read again. */
const mostKept = 2_000
/** Longer texts are not kept by themselves, only without their literals. */
const longestKept = 2_000
/** Of a longer text only the beginning is looked at, to tell it from others. */
const longestShaped = 20_000

const unread: StatementLabels = { queryType: 'OTHER', table: 'other' }

/** The labels of statements, read from their text once for each text. */
export class StatementLabeller {
  readonly #dialect: SqlDialect
  readonly #tables: ReadonlySet<string> | undefined
  readonly #byText = new Map<string, StatementLabels>()
  /** By the text without its literals: a program that writes values into its statements has few of these. */
  readonly #byShape = new Map<string, StatementLabels>()

  constructor(dialect: SqlDialect, tables: ReadonlySet<string> | undefined) {
    this.#dialect = dialect
    this.#tables = tables
  }

  labelsOf(text: string): StatementLabels {
    const known = this.#byText.get(text)
    if (known !== undefined) return known
    try {
      return this.#learn(text)
    } catch {
      // The statement was carried out; that it cannot be named must not become its error.
      return unread
    }
  }

  #learn(text: string): StatementLabels {
    const shape = shapeOf(text, this.#dialect)
    const labels = this.#byShape.get(shape) ?? this.#read(text)
    // What was read before the parser was loaded will be read better.
    if (this.#dialect === 'postgres' && !hasPostgresParser()) return labels
    keep(this.#byShape, shape, labels)
    if (text.length <= longestKept) keep(this.#byText, text, labels)
    return labels
  }

  /** Labels given by the author of a statement. */
  name(text: string, labels: StatementLabels): void {
    const known = this.#byText.get(text)
    if (known?.queryType !== labels.queryType || known.table !== labels.table) keep(this.#byText, text, labels)
  }

  #read(text: string): StatementLabels {
    const { readable, parts } = readStatement(text, this.#dialect)
    if (!readable) return unread
    // What does the work, of a text that begins with BEGIN or SET.
    const main = parts.find(({ queryType }) => queryType !== 'OTHER') ?? parts.find(part => part.control === undefined)
    return { queryType: main?.queryType ?? 'OTHER', table: this.#labelOf(main?.mainTable) }
  }

  #labelOf(table: string | undefined): string {
    if (table === undefined) return 'other'
    // The schema that is meant where none is named.
    const name = this.#dialect === 'postgres' && table.startsWith('public.') ? table.slice('public.'.length) : table
    return this.#tables === undefined || this.#tables.has(name) ? name : 'other'
  }
}

/** Comments, quoted names and quotes within quotes, which a look at characters alone cannot tell apart. */
const intricate = /--|\/\*|[#\\"`$]/

/** A text without its literals, to find what was read of another one with others. */
function shapeOf(text: string, dialect: SqlDialect): string {
  const read = text.length > longestShaped ? text.slice(0, longestShaped) : text
  if (intricate.test(read)) return redact(read, dialect)
  return read.replace(/'[^']*'|\b\d+(?:\.\d+)?\b/g, '?').replace(/\?(?:\s*,\s*\?)+/g, '?')
}

function keep(labels: Map<string, StatementLabels>, text: string, found: StatementLabels): void {
  labels.set(text, found)
  if (labels.size > mostKept) labels.delete(labels.keys().next().value ?? '')
}
