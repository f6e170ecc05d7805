import { messages } from '@electric-sql/pglite'
import { decoderOf } from './decode-value.ts'
import type { Answer } from './thread-messages.ts'

/** Reads PostgreSQL's replies to one statement, or to the last one of a script that answered rows. */
export function readAnswer(replies: readonly { readonly name: string }[]): Answer {
  let columns: readonly { readonly name: string; readonly decode: (text: string) => unknown }[] = []
  const rows: Record<string, unknown>[] = []
  let tag = ''
  for (const reply of replies) {
    if (reply instanceof messages.RowDescriptionMessage) {
      columns = reply.fields.map(field => ({ name: field.name, decode: decoderOf(field.dataTypeID) }))
      rows.length = 0
    } else if (reply instanceof messages.DataRowMessage) {
      const row: Record<string, unknown> = {}
      for (const [index, column] of columns.entries()) {
        const text = reply.fields[index]
        row[column.name] = text === null || text === undefined ? null : column.decode(text)
      }
      rows.push(row)
    } else if (reply instanceof messages.CommandCompleteMessage) tag = reply.text
  }
  return { rows, rowCount: Number(/ (\d+)$/.exec(tag)?.[1] ?? 0), command: tag.replace(/( \d+)+$/, '') }
}
