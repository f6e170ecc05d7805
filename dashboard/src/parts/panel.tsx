import { type ReactNode, useId } from 'react'

export interface PanelProps {
  readonly title: string
  /** Beside the title: a choice, a link, a figure. */
  readonly aside?: ReactNode
  readonly note?: ReactNode
  readonly className?: string
  readonly children: ReactNode
}

/** A part of a page with a title of its own. */
export function Panel({ title, aside, note, className = '', children }: PanelProps) {
  const heading = useId()
  return (
    <section className={`panel ${className}`} aria-labelledby={heading}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        {aside !== undefined && <div className="panel-aside">{aside}</div>}
      </header>
      {note !== undefined && <p className="panel-note">{note}</p>}
      {children}
    </section>
  )
}
