import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What one question was answered: a table, and what was promised beside what came. */
export interface Answer {
  readonly title: string
  /** How it was measured, in a sentence or two. */
  readonly method: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly bars: readonly Bar[]
  /** What could not be measured here, and why. */
  readonly note?: string
}

export interface Bar {
  /** What was promised, such as `at least 1.0 × pgbench`. */
  readonly promise: string
  readonly found: string
  readonly isMet: boolean
}

export function markdownOf(answer: Answer): string {
  const { title, method, columns, rows, bars, note } = answer
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [line(columns), line(columns.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)]
  const verdicts = bars.map(
    ({ promise, found, isMet }) => `- ${isMet ? '**met**' : '**missed**'}: ${promise}; found ${found}`,
  )
  const skipped = note === undefined ? [] : [`- skipped: ${note}`]
  return [`## ${title}`, '', method, '', ...table, '', ...verdicts, ...skipped, ''].join('\n')
}

/**
 * Puts a section into docs/benchmarks.md: in the place of an earlier one of that name, else at the end; and its figures into
 * the table of peers in README.md.
 */
export function writeSection(name: string, text: string): void {
  const path = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- /bench ${name} -->`]
  const document = readDocument(path)
  const section = `${begin}\n${text.trim()}\n${end}`
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  const written =
    from === -1
      ? `${document.trimEnd()}\n\n${section}\n`
      : document.slice(0, from) + section + document.slice(to + end.length)
  writeFileSync(path, written)
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/write-peers-doc.ts', import.meta.url))])
}

function readDocument(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '# Benchmarks\n'
  }
}

/** `5254.3` as `5,254`; small figures keep digits. */
export function figure(value: number, digits = value < 10 ? 2 : value < 100 ? 1 : 0): string {
  return new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)
}
