import { createElement, Fragment, type ReactNode } from 'react'
import { ago } from '../../format/times.ts'
import { useNow } from '../../shell/use-now.ts'

/** What is the matter, and what to do. */
export function Warnings({ warnings }: { readonly warnings: readonly string[] }) {
  const now = useNow(10_000)
  if (warnings.length === 0) return undefined
  return (
    <section aria-label="Warnings">
      <ul className="warnings">
        {warnings.map(readWarning).map(({ matter, advice, since }) => (
          <li key={matter}>
            <p>
              <strong>{matter}</strong> {withCode(advice)}
            </p>
            {since !== undefined && <span className="warning-since">{ago(since, now)}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

interface Warning {
  /** Its first sentence. */
  readonly matter: string
  readonly advice: string
  readonly since: string | undefined
}

/** The server writes `What is the matter: or. What to do. (since 2026-…)`. */
function readWarning(text: string): Warning {
  const [, said = text, since] = /^(.*?)(?: \(since (\S+)\))?$/s.exec(text) ?? []
  const end = said.search(/[.:] /)
  return end < 0
    ? { matter: said, advice: '', since }
    : { matter: said.slice(0, end + 1), advice: said.slice(end + 2), since }
}

/** Commands stand in backticks. */
function withCode(text: string): ReactNode {
  const parts = text.split('`').map((part, place) => (place % 2 === 1 ? createElement('code', undefined, part) : part))
  return createElement(Fragment, undefined, ...parts)
}
