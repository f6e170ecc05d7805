import type { ReactNode } from 'react'

/** A state in a word or two. */
export function Badge({
  tone,
  children,
}: {
  readonly tone: 'plain' | 'good' | 'warn' | 'bad'
  readonly children: ReactNode
}) {
  return (
    <span className={`badge is-${tone}`}>
      <span className="dot" aria-hidden="true" />
      {children}
    </span>
  )
}
