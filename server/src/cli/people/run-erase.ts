import { type Static, Type } from 'typebox'
import { showProgress } from '../progress.ts'
import { confirm } from '../running/confirm.ts'
import { runningServer } from '../running/running-server.ts'
import { table } from '../table.ts'
import { conversationPath, conversationsOf, guestPath, type PersonOptions } from './people.ts'

const Receipt = Type.Object({
  status: Type.String(),
  deleted_from: Type.Array(Type.String()),
  pending: Type.Array(Type.String()),
  rows: Type.Record(Type.String(), Type.Integer()),
  copy_keys: Type.Integer(),
})
type Receipt = Static<typeof Receipt>

/** Erases a guest, or a user's conversations one by one, and shows what went. */
export async function runErase(options: PersonOptions & { readonly yes?: true }): Promise<void> {
  const { guest, user = '', yes, json } = options
  const server = await runningServer(options)
  const conversations = guest === undefined ? await conversationsOf(server, user) : []
  const what =
    guest === undefined
      ? `${conversations.length} conversations of the user ${user}, for good`
      : `all that the guest ${guest} said, for good`
  if (yes !== true && !(await confirm(what, guest ?? user))) return

  const receipts: Receipt[] = []
  if (guest === undefined) {
    const progress = showProgress('erasing', conversations.length, 'conversations')
    for (const conversationId of conversations) {
      receipts.push(await server.ask({ method: 'DELETE', path: conversationPath(user, conversationId) }, Receipt))
      progress.advance()
    }
    progress.end()
  } else {
    receipts.push(await server.ask({ method: 'DELETE', path: guestPath(guest) }, Receipt))
  }
  const total = receipts.reduce(added, nothing)
  if (json) {
    const person = guest === undefined ? { user_id: user, conversations } : { guest_id: guest }
    process.stdout.write(`${JSON.stringify({ ...person, ...total })}\n`)
    return
  }
  print(guest ?? user, total)
}

const nothing: Receipt = { status: 'erased', deleted_from: [], pending: [], rows: {}, copy_keys: 0 }

function added(one: Receipt, other: Receipt): Receipt {
  const rows = { ...one.rows }
  for (const [name, count] of Object.entries(other.rows)) rows[name] = (rows[name] ?? 0) + count
  const union = (left: readonly string[], right: readonly string[]) => [...new Set([...left, ...right])].sort()
  return {
    status: other.status,
    deleted_from: union(one.deleted_from, other.deleted_from),
    pending: union(one.pending, other.pending),
    rows,
    copy_keys: one.copy_keys + other.copy_keys,
  }
}

function print(person: string, { deleted_from, pending, rows, copy_keys }: Receipt): void {
  process.stdout.write(`${person} was erased from ${deleted_from.join(' and ') || 'nowhere: nothing was there'}.\n`)
  const counts = [...Object.entries(rows).map(([place, removed]) => ({ place, removed }))]
  process.stdout.write(`\n${table([...counts, { place: 'keys of the fast copy', removed: copy_keys }])}`)
  if (pending.length > 0) {
    process.stdout.write(`\nPending until it is back: ${pending.join(', ')}. Nothing more is to be done.\n`)
  }
}
