import { type SubmitEvent, useState } from 'react'
import type { ActiveGuests } from 'reprise-server/answers'
import { count } from '../../format/numbers.ts'
import { ago } from '../../format/times.ts'
import { Empty } from '../../parts/notice.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Link } from '../../shell/link.tsx'
import { addressOf, goTo } from '../../shell/place.ts'
import { useNow } from '../../shell/use-now.ts'

type Guest = ActiveGuests['guests'][number]
const rowsAtFirst = 15

const columns = (now: number): readonly Column<Guest>[] => [
  {
    title: 'Guest',
    cell: ({ guest_id }) => (
      <Link to={addressOf('conversations', guest_id)} className="row-link">
        {guest_id}
      </Link>
    ),
  },
  { title: 'Messages', cell: ({ messages }) => count(messages), isNumber: true },
  { title: 'Embeddings', cell: ({ embeddings }) => count(embeddings), isNumber: true, isMinor: true },
  { title: 'Not in sync', cell: ({ unsynced }) => count(unsynced), isNumber: true, isMinor: true },
  {
    title: 'This month',
    cell: ({ month_requests, monthly_limit }) =>
      monthly_limit === null ? count(month_requests) : `${count(month_requests)} of ${count(monthly_limit)}`,
    isNumber: true,
    isMinor: true,
  },
  { title: 'Last', cell: ({ last_at }) => ago(last_at, now), isNumber: true },
]

/** The guests who wrote last; any other is found by name. */
export function GuestTable({ guests }: ActiveGuests) {
  const now = useNow(5_000)
  const [isWhole, setWhole] = useState(false)

  function open(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const name = new FormData(event.currentTarget).get('guest')
    if (typeof name === 'string' && name.trim() !== '') goTo(addressOf('conversations', name.trim()))
  }

  return (
    <>
      <form className="open-guest" onSubmit={open}>
        <label className="field">
          <span>Open a guest by id</span>
          <input name="guest" autoComplete="off" spellCheck={false} />
        </label>
        <button type="submit" className="button">
          Open
        </button>
      </form>
      {guests.length === 0 ? (
        <Empty title="No guests yet">The first message of POST /v1/guest/chat/… makes one.</Empty>
      ) : (
        <>
          <Table
            caption="Active guests"
            columns={columns(now)}
            rows={isWhole ? guests : guests.slice(0, rowsAtFirst)}
            rowKey={({ guest_id }) => guest_id}
          />
          {!isWhole && guests.length > rowsAtFirst && (
            <p className="panel-foot">
              <button type="button" className="button is-small" onClick={() => setWhole(true)}>
                All {count(guests.length)}
              </button>
            </p>
          )}
        </>
      )}
    </>
  )
}
