import { type KeyboardEvent, useRef, useState } from 'react'
import type { ExplainedEntry } from 'reprise-server/answers'

export interface KeyListProps {
  readonly keys: readonly ExplainedEntry[]
  readonly chosen: ExplainedEntry | undefined
  readonly onChoose: (entry: ExplainedEntry) => void
}

/** As in the style sheet. */
const rowHeight = 36
const listHeight = 396
const spareRows = 6

/** A long list of which only the rows in sight are drawn. Arrow keys move through it. */
export function KeyList({ keys, chosen, onChoose }: KeyListProps) {
  const list = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const first = Math.max(0, Math.floor(top / rowHeight) - spareRows)
  const shown = keys.slice(first, Math.ceil((top + listHeight) / rowHeight) + spareRows)
  const at = keys.findIndex(entry => isSame(entry, chosen))

  function move(event: KeyboardEvent) {
    const target = placeAfter(event.key, at, keys.length)
    const entry = target === undefined ? undefined : keys[target]
    if (target === undefined || entry === undefined) return
    event.preventDefault()
    onChoose(entry)
    const scrolled = list.current
    if (scrolled === null) return
    if (target * rowHeight < scrolled.scrollTop) scrolled.scrollTop = target * rowHeight
    const end = (target + 1) * rowHeight - scrolled.clientHeight
    if (end > scrolled.scrollTop) scrolled.scrollTop = end
  }

  return (
    <div
      ref={list}
      className="key-list"
      role="listbox"
      aria-label="Keys"
      aria-activedescendant={at < 0 ? undefined : `key-${at}`}
      tabIndex={0}
      onKeyDown={move}
      onScroll={event => setTop(event.currentTarget.scrollTop)}
    >
      <svg width="1" height={first * rowHeight} aria-hidden="true" />
      {shown.map((entry, place) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys for all of its rows.
        // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the chosen row.
        <div
          key={`${entry.namespace}/${entry.key}`}
          id={`key-${first + place}`}
          role="option"
          className="key-row"
          aria-selected={isSame(entry, chosen)}
          aria-setsize={keys.length}
          aria-posinset={first + place + 1}
          onClick={() => onChoose(entry)}
        >
          <span className={`dot is-${entry.served_by === null ? 'absent' : 'kept'}`} aria-hidden="true" />
          <code>{entry.key}</code>
          <span className="key-state">
            {entry.tiers.find(({ tier }) => tier === entry.served_by)?.state ?? 'not served'}
          </span>
        </div>
      ))}
      <svg width="1" height={Math.max(0, keys.length - first - shown.length) * rowHeight} aria-hidden="true" />
    </div>
  )
}

function isSame(entry: ExplainedEntry, chosen: ExplainedEntry | undefined): boolean {
  return entry.key === chosen?.key && entry.namespace === chosen.namespace
}

const rowsOfPage = Math.floor(listHeight / rowHeight)

function placeAfter(key: string, at: number, length: number): number | undefined {
  const last = length - 1
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, last)
    case 'ArrowUp':
      return Math.max(at - 1, 0)
    case 'PageDown':
      return Math.min(at + rowsOfPage, last)
    case 'PageUp':
      return Math.max(at - rowsOfPage, 0)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return undefined
  }
}
