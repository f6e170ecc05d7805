import { messages } from '@electric-sql/pglite'
import type { Answer, Column } from './thread-messages.ts'

/** Gathers PostgreSQL's replies to one statement, or to the last one of a script that answered rows. */
export function readAnswer(replies: readonly { readonly name: string }[]): Answer {
  let columns: readonly Column[] = []
  let rows: (string | null)[][] = []
  let tag = ''
  for (const reply of replies) {
    if (reply instanceof messages.RowDescriptionMessage) {
      columns = reply.fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID }))
      rows = []
    } else if (reply instanceof messages.DataRowMessage) rows.push(reply.fields)
    else if (reply instanceof messages.CommandCompleteMessage) tag = reply.text
  }
  return { columns, rows, rowCount: Number(/ (\d+)$/.exec(tag)?.[1] ?? 0), command: tag.replace(/( \d+)+$/, '') }
}
