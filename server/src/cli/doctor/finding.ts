/** What one check came to. */
export interface Finding {
  /** What was looked at, such as `PostgreSQL version`. */
  readonly check: string
  readonly state: 'ok' | 'warning' | 'failed'
  readonly found: string
  /** What to do, with what to type where there is something; only where it is not ok. */
  readonly advice?: string
}

export function ok(check: string, found: string): Finding {
  return { check, state: 'ok', found }
}

export function warning(check: string, found: string, advice: string): Finding {
  return { check, state: 'warning', found, advice }
}

export function failed(check: string, found: string, advice: string): Finding {
  return { check, state: 'failed', found, advice }
}

/** How long one server may take to answer a check. */
export const patienceMs = 5_000
