import { RepriseError } from 'reprise'
import type { Statement } from 'reprise/postgres'

export const read = (text: string, ...values: unknown[]): Statement => ({
  text,
  values,
  labels: { queryType: 'SELECT', table: 'note' },
})

export const write = (text: string, ...values: unknown[]): Statement => ({
  text,
  values,
  labels: { queryType: 'INSERT', table: 'note' },
})

/** The code of the RepriseError that the work rejects with, or whatever else comes of it. */
export const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    error => (error instanceof RepriseError ? error.code : error),
  )
