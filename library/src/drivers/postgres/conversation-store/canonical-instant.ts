import type { Instant } from '../../../base/instant.ts'

/** SQL that renders a timestamptz with six digits of a second; `canonicalInstant` reads it. */
export function instantSql(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/** The one text of an instant: six digits of a second, or three where the last three are zero. A Date has three at most. */
export function canonicalInstant(rendered: string): Instant {
  return (rendered.endsWith('000Z') ? `${rendered.slice(0, -4)}Z` : rendered) as Instant
}
