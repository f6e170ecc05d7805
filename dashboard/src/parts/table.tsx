import type { ReactNode } from 'react'

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => ReactNode
  /** Numbers stand under each other. */
  readonly isNumber?: boolean
  /** Left out where the page is narrow. */
  readonly isMinor?: boolean
}

export interface TableProps<Row> {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
}

/** A table whose first column names its rows. It scrolls by itself where it is too wide. */
export function Table<Row>({ caption, columns, rows, rowKey }: TableProps<Row>) {
  const [first, ...rest] = columns
  if (first === undefined) return undefined
  const look = ({ isNumber = false, isMinor = false }: Column<Row>) =>
    [isNumber ? 'is-number' : '', isMinor ? 'is-minor' : ''].join(' ').trim() || undefined
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
    <section className="table-wrap" tabIndex={0} aria-label={`${caption}, table`}>
      <table className="table">
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column.title} scope="col" className={look(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={rowKey(row)}>
              <th scope="row" className={look(first)}>
                {first.cell(row)}
              </th>
              {rest.map(column => (
                <td key={column.title} className={look(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
