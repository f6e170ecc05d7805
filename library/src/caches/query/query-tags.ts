import { expected } from '../../base/option-reading.ts'

/** An id of a user or of content: 7 and "7" are the same. */
export type Id = string | number | bigint

const longestId = 1_000

/** Borne by whatever was read from a table: a write of unknown reach drops it all. */
export const anyTableTag = 'tables'

export function queryTag(name: string): string {
  return `query:${name}`
}

/** @throws RepriseError `invalid_option` */
export function userTag(id: unknown, field: string): string {
  return `user:${readId(id, field)}`
}

/** @throws RepriseError `invalid_option` */
export function contentTypeTag(type: unknown, field: string): string {
  return `type:${readId(type, field)}`
}

/** @throws RepriseError `invalid_option` */
export function contentIdTag(id: unknown, field: string): string {
  return `content:${readId(id, field)}`
}

/**
 * A table, whatever its schema and however its name is written: `Users`, `"public"."users"` and `users` are one. That drops
 * now and then what need not be dropped, and never leaves what must be.
 */
export function tableTag(table: string): string {
  const name = table.slice(table.lastIndexOf('.') + 1)
  return `table:${name.replace(/^["`]|["`]$/g, '').toLowerCase()}`
}

function readId(id: unknown, field: string): string {
  const isId = typeof id === 'string' || typeof id === 'bigint' || (typeof id === 'number' && Number.isFinite(id))
  const text = isId ? String(id) : ''
  if (text !== '' && text.length <= longestId && text.isWellFormed()) return text
  throw expected(field, `a text of 1 to ${longestId} characters, a finite number or a bigint`, id)
}
