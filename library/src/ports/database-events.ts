/** What a statement does and to which table: the labels of `db_queries_total`. Both come from closed sets. */
export interface StatementLabels {
  readonly queryType: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'OTHER'
  readonly table: string
}

/** Connections of a pool: its configured maximum, and how many of them could be taken now. */
export interface PoolLevel {
  readonly size: number
  readonly available: number
}

/** How a wait for a connection ended. `exhausted`: the pool lets nobody wait any more. */
export type AcquisitionOutcome = 'acquired' | 'timeout' | 'exhausted' | 'closed' | 'failed'

/**
 * What was noticed of a pool: nearly all connections are taken (`utilisation`), or callers wait for one in vain
 * (`acquisition_timeout`).
 */
export type PoolAlertKind = 'utilisation' | 'acquisition_timeout'

/** What subscribers learn of a database at work. Durations in milliseconds. */
export interface DatabaseEvents {
  readonly query: {
    readonly labels: StatementLabels
    readonly durationMs: number
    readonly failed: boolean
    /** What was thrown, where it failed. */
    readonly error?: unknown
    /** Rows answered or changed, where the driver says. */
    readonly rows?: number | undefined
    /** The statement as it was written: it may hold literals, so that it is shown redacted alone. */
    readonly text?: string | undefined
  }
  /** `pool` names it in the families that show each pool. */
  readonly pool: PoolLevel & { readonly pool?: string }
  readonly acquisition: { readonly pool: string; readonly durationMs: number; readonly outcome: AcquisitionOutcome }
  readonly pool_alert: PoolLevel & {
    readonly pool: string
    readonly alert: PoolAlertKind
    /** `over` ends what was `raised`. */
    readonly change: 'raised' | 'over'
    readonly waiting: number
    /** What is the matter and what to do, in words. */
    readonly advice: string
  }
  readonly slow_query: {
    readonly labels: StatementLabels
    readonly durationMs: number
    readonly thresholdMs: number
    readonly failed: boolean
    /** Without values and literals. */
    readonly statement: string
  }
}
