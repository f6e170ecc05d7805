/** What PostgreSQL's thread is told when it starts. */
export interface ThreadSettings {
  /** PostgreSQL's data directory; its parent exists. */
  readonly dataDirectory: string
}

/** What PostgreSQL's thread is asked. Requests are carried out one after the other, in order of arrival. */
export type ThreadRequest =
  | { readonly kind: 'statement'; readonly id: number; readonly text: string; readonly values: readonly unknown[] }
  | { readonly kind: 'script'; readonly id: number; readonly sql: string }
  | { readonly kind: 'close'; readonly id: number }

export interface Refusal {
  readonly sqlState: string
  readonly message: string
  readonly constraint: string | undefined
  readonly table: string | undefined
}

export interface Answer {
  readonly rows: readonly unknown[]
  readonly rowCount: number
  /** What was carried out, in PostgreSQL's words: `INSERT`, `COMMIT`, `ROLLBACK`, … */
  readonly command: string
}

/** What it answers. */
export type ThreadReply =
  | { readonly kind: 'ready' }
  /** It could not start, or cannot go on; the thread ends after this. */
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'refusal'; readonly id: number; readonly refusal: Refusal }
  | { readonly kind: 'closed'; readonly id: number }
