import { decoderOf } from './decode-value.ts'
import type { Answer } from './thread/thread-messages.ts'

/** The rows of an answer as objects, their values as JavaScript has them. Of columns of one name the last counts. */
export function rowsOf({ columns, rows }: Answer): Record<string, unknown>[] {
  const readers = columns.map(({ name, typeId }) => ({ name, decode: decoderOf(typeId) }))
  return rows.map(fields => {
    const row: Record<string, unknown> = {}
    for (const [index, { name, decode }] of readers.entries()) {
      const text = fields[index] ?? null
      row[name] = text === null ? null : decode(text)
    }
    return row
  })
}
