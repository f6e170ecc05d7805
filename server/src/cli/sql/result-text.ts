import { table } from '../table.ts'

export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly rowCount: number
}

/** A table cell longer than this is cut; as JSON all of it is shown. */
const widestCell = 120

/** What a statement answered, for people. */
export function resultText({ rows, rowCount }: SqlResult): string {
  const cells = rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellOf(value)])))
  const count = rows.length > 0 ? rows.length : rowCount
  return `${cells.length === 0 ? '' : table(cells, String)}(${count} ${count === 1 ? 'row' : 'rows'})\n`
}

function cellOf(value: unknown): string | number {
  if (typeof value === 'number') return value
  const text = textOf(value).replaceAll('\n', '↵')
  return text.length > widestCell ? `${text.slice(0, widestCell)}…` : text
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return bytesText(value)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** The same as one line of JSON; bytes as PostgreSQL writes them. */
export function resultJson({ rows, rowCount }: SqlResult): string {
  const shown = (_: string, value: unknown) => (value instanceof Uint8Array ? bytesText(value) : value)
  return `${JSON.stringify({ row_count: rowCount, rows }, shown)}\n`
}

function bytesText(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes).toString('hex')}`
}
