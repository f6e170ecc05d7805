import type { EraseReceipt } from 'reprise-server/answers'
import { plural } from '../../format/numbers.ts'

/** The receipt of an erasure: what went from where, and what still has to. */
export function EraseDone({ receipt }: { readonly receipt: EraseReceipt }) {
  const { guest_id, rows, deleted_from, pending, copy_keys } = receipt
  return (
    <>
      <p>
        <strong>{guest_id} is erased</strong> from {deleted_from.join(' and ') || 'nowhere: there was nothing'}.
      </p>
      <ul>
        {Object.entries(rows).map(([table, deleted]) => (
          <li key={table}>
            {plural(deleted, 'row')} of <code>{table}</code>
          </li>
        ))}
        <li>{plural(copy_keys, 'key')} of the fast copy</li>
      </ul>
      {pending.length > 0 && <p>Pending: {pending.join(', ')}. It is away, and is erased when it is back.</p>}
    </>
  )
}
