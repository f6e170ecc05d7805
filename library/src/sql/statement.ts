/** Whose language a statement is written in; MariaDB speaks that of MySQL. */
export type SqlDialect = 'postgres' | 'mysql'

/** What a statement does, as labels say it. `MERGE`, `COPY`, `TRUNCATE`, DDL and the like are `OTHER`. */
export type QueryType = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'OTHER'

/** What a statement does to the transaction of its connection. */
export type TransactionControl =
  | { readonly kind: 'begin' | 'commit' | 'rollback' }
  | { readonly kind: 'savepoint' | 'release' | 'rollback_to'; readonly name: string }
  /** MySQL: DDL and locks end the transaction before they work. */
  | { readonly kind: 'implicit_commit' }
  | { readonly kind: 'autocommit'; readonly isOn: boolean }

/** The tables that a text names: with their schema where it does (`shop.orders`), without quotes, each once, in order. */
export interface NamedTables {
  readonly read: readonly string[]
  readonly written: readonly string[]
}

/** One statement of a text. */
export interface StatementPart {
  readonly queryType: QueryType
  readonly tables: NamedTables
  /** The one table that it is about: what it writes, else the first that it reads, those of its WITH clause last. */
  readonly mainTable: string | undefined
  readonly control: TransactionControl | undefined
  /**
   * What it may touch beyond the tables that it names: `reads` (FETCH from a cursor), or `writes` (CALL, DO, EXECUTE,
   * DROP SCHEMA, or a text that cannot be read).
   */
  readonly hidden: 'none' | 'reads' | 'writes'
  /** Functions that it calls, in lower case: one of the application's own may read and write tables. */
  readonly functions: readonly string[]
  /** SELECT … FOR UPDATE and its like. */
  readonly locks: boolean
}

/** A text read: all of its statements together, and each. */
export interface StatementReading {
  /** Of its first statement that is more than transaction control. */
  readonly queryType: QueryType
  /** Of all its statements. */
  readonly tables: NamedTables
  /** Of its first statement that has one. */
  readonly control: TransactionControl | undefined
  readonly hidden: StatementPart['hidden']
  readonly functions: readonly string[]
  readonly locks: boolean
  /** False where the text cannot be understood; tables are then what could be guessed. */
  readonly readable: boolean
  readonly parts: readonly StatementPart[]
}

/** What a reader gathers while it goes through a statement. */
export class Findings {
  queryType: QueryType = 'OTHER'
  control: TransactionControl | undefined
  hidden: StatementPart['hidden'] = 'none'
  locks = false
  readonly read = new Set<string>()
  readonly written = new Set<string>()
  readonly functions = new Set<string>()
  #beforeMain = { read: 0, written: 0 }

  /** To be called between the WITH clause of a statement and the statement itself. */
  beginMain(): void {
    this.#beforeMain = { read: this.read.size, written: this.written.size }
  }

  toPart(): StatementPart {
    return {
      queryType: this.queryType,
      tables: { read: [...this.read].sort(), written: [...this.written].sort() },
      control: this.control,
      hidden: this.hidden,
      functions: [...this.functions].sort(),
      locks: this.locks,
      mainTable: this.#mainTable(),
    }
  }

  #mainTable(): string | undefined {
    const [read, written] = [[...this.read], [...this.written]]
    const { read: firstRead, written: firstWritten } = this.#beforeMain
    if (this.queryType === 'SELECT') return read[firstRead] ?? read[0] ?? written[0]
    return written[firstWritten] ?? written[0] ?? read[firstRead] ?? read[0]
  }
}

/** The parts of a text as one reading. */
export function readingOf(parts: readonly StatementPart[], readable: boolean): StatementReading {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return { ...only, readable, parts }
  const main = parts.find(part => part.control === undefined)
  return {
    queryType: main?.queryType ?? 'OTHER',
    tables: { read: allOf(parts, part => part.tables.read), written: allOf(parts, part => part.tables.written) },
    control: parts.find(part => part.control !== undefined)?.control,
    hidden: (['writes', 'reads'] as const).find(kind => parts.some(({ hidden }) => hidden === kind)) ?? 'none',
    functions: allOf(parts, part => part.functions),
    locks: parts.some(({ locks }) => locks),
    readable,
    parts,
  }
}

function allOf(parts: readonly StatementPart[], of: (part: StatementPart) => readonly string[]): readonly string[] {
  return [...new Set(parts.flatMap(of))].sort()
}
