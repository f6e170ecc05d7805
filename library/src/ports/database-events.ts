/** What a statement does and to which table: the labels of `db_queries_total`. Both come from closed sets. */
export interface StatementLabels {
  readonly queryType: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'OTHER'
  readonly table: string
}

/** What subscribers learn of a database at work. */
export interface DatabaseEvents {
  readonly query: { readonly labels: StatementLabels; readonly durationMs: number; readonly failed: boolean }
  /** Connections of the pool: its configured maximum, and how many of them could be taken now. */
  readonly pool: { readonly size: number; readonly available: number }
}
