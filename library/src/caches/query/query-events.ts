/** Why a result was given to its caller and kept nowhere. */
export type UnkeptReason =
  /** It was read in an open transaction: of rows that nobody else sees, or of an older state. */
  | 'transaction'
  /** The function changed something. */
  | 'write'
  /** SELECT … FOR UPDATE. */
  | 'lock'
  /** Its tables became known only when the statement was on its way: the next call will be kept. */
  | 'late'
  | 'too_many_tables'

/** What a query cache announces, beside the events of the cache that it lies over. */
export interface QueryEvents {
  /** A statement in a cached query could not be read: the result hangs on the tables and ids named in its options alone. */
  readonly untracked: { readonly query: string; readonly statement: string }
  readonly unkept: { readonly query: string; readonly reason: UnkeptReason }
  /** Tables were written and committed; what was read from them was dropped. `all`: it is unknown which tables. */
  readonly written: { readonly tables: readonly string[]; readonly all: boolean }
  /** Tables were written, but what was read from them could not be dropped: the cache was closed. */
  readonly drop_failed: { readonly tables: readonly string[]; readonly all: boolean; readonly error: unknown }
  /** A write of unknown reach: all results that were read from tables were dropped. */
  readonly unreadable_write: { readonly statement: string }
}

export const queryEventNames: ReadonlySet<keyof QueryEvents> = new Set([
  'untracked',
  'unkept',
  'written',
  'drop_failed',
  'unreadable_write',
])
