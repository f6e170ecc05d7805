import type { ReactNode } from 'react'

export interface Bar {
  readonly name: string
  readonly label: ReactNode
  readonly value: number
  readonly text: string
  readonly note?: string
  readonly tone?: 'plain' | 'good' | 'warn' | 'bad'
}

/** Values side by side, the longest bar for the largest: a table that can be seen. */
export function Bars({
  caption,
  head,
  bars,
}: {
  readonly caption: string
  readonly head: readonly [string, string, string?]
  readonly bars: readonly Bar[]
}) {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  return (
    <table className="bars">
      <caption className="unseen">{caption}</caption>
      <thead className="unseen">
        <tr>
          {head.map(title => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {bars.map(({ name, label, value, text, note, tone = 'plain' }) => (
          <tr key={name}>
            <th scope="row">{label}</th>
            <td className="bars-value">
              <svg className={`bar is-${tone}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect className="meter-fill" width={(value / most) * 100} height="6" />
              </svg>
              <span>{text}</span>
            </td>
            {head.length > 2 && <td className="bars-note">{note}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
