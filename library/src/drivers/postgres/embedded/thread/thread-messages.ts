/** What PostgreSQL's thread is told when it starts. */
export interface ThreadSettings {
  /** PostgreSQL's data directory; its parent exists. */
  readonly dataDirectory: string
}

/** A parameter as it goes over the wire: text, or bytes as they are. */
export type WireValue = string | Uint8Array | null

/** What PostgreSQL's thread is asked. Requests are carried out one after the other, in order of arrival. */
export type ThreadRequest =
  | { readonly kind: 'statement'; readonly id: number; readonly text: string; readonly values: readonly WireValue[] }
  | { readonly kind: 'script'; readonly id: number; readonly sql: string }
  | { readonly kind: 'close'; readonly id: number }

export interface Refusal {
  readonly sqlState: string
  readonly message: string
  readonly constraint: string | undefined
  readonly table: string | undefined
}

export interface Column {
  readonly name: string
  /** The number of its type in pg_type. */
  readonly typeId: number
}

/** An answer as it came over the wire. Reading it is left to the asker: here it would hold up the next statement. */
export interface Answer {
  readonly columns: readonly Column[]
  /** Each with one text a column. */
  readonly rows: readonly (readonly (string | null)[])[]
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
