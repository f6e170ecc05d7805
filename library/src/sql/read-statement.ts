import { KeptReadings } from './kept-readings.ts'
import { hasPostgresParser, parsePostgres } from './postgres-parser.ts'
import { readByWords } from './read-by-words.ts'
import { readPostgresTree } from './read-postgres-tree.ts'
import { Findings, readingOf, type SqlDialect, type StatementReading } from './statement.ts'
import { statementsOf } from './token-tree.ts'
import { tokensOf } from './tokens.ts'

/** The tree of a longer text would take longer to make than the statement takes. */
const longestParsed = 100_000

const kept = { postgres: new KeptReadings(), mysql: new KeptReadings() }

/**
 * What a statement does, and to which tables. PostgreSQL's are read by its own parser once `loadPostgresParser()` has
 * ended, before that and where that fails by their words; MySQL's by their words. Never throws.
 * @example readStatement('WITH gone AS (DELETE FROM carts RETURNING id) SELECT * FROM gone', 'postgres').tables.written // ['carts']
 */
export function readStatement(text: string, dialect: SqlDialect): StatementReading {
  const readings = kept[dialect]
  const known = readings.get(text)
  if (known !== undefined) return known
  const reading = dialect === 'postgres' ? readPostgres(text) : readWords(text, dialect)
  // What was read by words will be read better.
  if (dialect === 'mysql' || hasPostgresParser()) readings.set(text, reading)
  return reading
}

function readPostgres(text: string): StatementReading {
  if (text.length > longestParsed) return readWords(text, 'postgres')
  const tree = parsePostgres(text)
  if (tree !== undefined) return readingOf(readPostgresTree(tree), true)
  const guessed = readWords(text, 'postgres')
  if (!hasPostgresParser()) return guessed
  // PostgreSQL would refuse it; another server of its protocol may know it, and do what nobody can tell from here.
  return { ...guessed, hidden: writes(text) ? 'writes' : 'reads', readable: false }
}

function readWords(text: string, dialect: SqlDialect): StatementReading {
  const statements = statementsOf(tokensOf(text, dialect))
  const parts = statements?.map(items => readByWords(items, dialect))
  if (parts?.every(part => part !== undefined)) return readingOf(parts, true)
  const known = parts?.filter(part => part !== undefined) ?? []
  const unknown = new Findings()
  unknown.hidden = writes(text) ? 'writes' : 'reads'
  return readingOf([...known, unknown.toPart()], false)
}

/** Whether what cannot be read may write: only what begins like a question, and holds no word of a change, does not. */
function writes(text: string): boolean {
  const isQuestion = /^[\s(]*(?:SELECT|WITH|SHOW|VALUES|TABLE|EXPLAIN|DESCRIBE)\b/i.test(text)
  return !isQuestion || /\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|CALL|INTO|TRUNCATE)\b/i.test(text)
}
