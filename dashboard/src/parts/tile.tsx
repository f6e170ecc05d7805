import type { ReactNode } from 'react'

export interface TileProps {
  readonly label: string
  readonly value: ReactNode
  readonly note?: ReactNode
  readonly tone?: 'plain' | 'good' | 'warn' | 'bad'
  readonly children?: ReactNode
}

/** One figure that matters, and what it is made of. */
export function Tile({ label, value, note, tone = 'plain', children }: TileProps) {
  return (
    <div className={`tile is-${tone}`}>
      <dt>{label}</dt>
      <dd>
        <span className="tile-value">{value}</span>
        {note !== undefined && <span className="tile-note">{note}</span>}
        {children}
      </dd>
    </div>
  )
}

export function Tiles({ children }: { readonly children: ReactNode }) {
  return <dl className="tiles">{children}</dl>
}
