export type QueryType = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'OTHER'

/** A statement with what a person reads in it. Tables are in alphabetical order. */
export interface SampleStatement {
  readonly text: string
  readonly queryType: QueryType
  readonly read: readonly string[]
  readonly written: readonly string[]
}
