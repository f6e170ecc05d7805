import type { ReactNode } from 'react'
import { messageOf, Problem } from '../api/problem.ts'

/** Nothing is here yet: why, and how something comes. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="notice is-empty">
      <strong>{title}</strong>
      {children !== undefined && <p>{children}</p>}
    </div>
  )
}

/** What could not be had, in the server's words. */
export function Fault({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  return (
    <div className="notice is-fault" role="alert">
      <strong>{messageOf(error)}</strong>
      {error instanceof Problem && error.code !== 'away' && <code>{error.code}</code>}
      {onRetry !== undefined && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Holds the place of what is on its way. */
export function Loading({ lines = 3 }: { readonly lines?: number }) {
  return (
    <div className="loading" role="status">
      <span className="unseen">Loading …</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike.
        <span key={line} aria-hidden="true" />
      ))}
    </div>
  )
}
