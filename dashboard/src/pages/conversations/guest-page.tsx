import { useMutation } from '@tanstack/react-query'
import { eraseGuest, exportGuest, readGuests } from '../../api/chat-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { count } from '../../format/numbers.ts'
import { dayTime } from '../../format/times.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Fault } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Tile, Tiles } from '../../parts/tile.tsx'
import { Link } from '../../shell/link.tsx'
import { addressOf, goTo } from '../../shell/place.ts'
import { EraseDone } from './erase-done.tsx'
import { RecallSearch } from './recall-search.tsx'

/** What operators do for a guest who asks: find, hand out, erase. */
export function GuestPage({ guestId }: { readonly guestId: string }) {
  const guests = useAnswer({ key: ['guests'], ask: signal => readGuests(100, signal) })
  const guest = guests.data?.guests.find(each => each.guest_id === guestId)
  const exporting = useMutation({
    mutationFn: () => exportGuest(guestId),
    onSuccess: lines => save(lines, `${guestId}.jsonl`),
  })
  return (
    <>
      <div className="page-head">
        <div>
          <p className="crumbs">
            <Link to={addressOf('conversations')}>Conversations</Link>
          </p>
          <h1 className="h1-name">{guestId}</h1>
          <div role="status">{exporting.isSuccess && <p className="saved">Saved as {guestId}.jsonl</p>}</div>
        </div>
        <div className="actions">
          <button type="button" className="button" disabled={exporting.isPending} onClick={() => exporting.mutate()}>
            {exporting.isPending ? 'Exporting …' : 'Export'}
          </button>
          <Confirm
            label="Erase"
            title={`Erase all of ${guestId}?`}
            doIt="Erase for good"
            isDangerous
            act={() => eraseGuest(guestId)}
            receipt={receipt => <EraseDone receipt={receipt} />}
            onDone={() => goTo(addressOf('conversations'))}
          >
            <p>
              Messages, embeddings, copies and pending work go, here and in Redis.{' '}
              <strong>Nothing brings them back</strong>; export first what the guest may want to keep.
            </p>
          </Confirm>
        </div>
      </div>
      {exporting.error !== null && <Fault error={exporting.error} />}
      {guest !== undefined && (
        <Tiles>
          <Tile label="Messages" value={count(guest.messages)} note={`the last on ${dayTime(guest.last_at)}`} />
          <Tile label="Embeddings" value={count(guest.embeddings)} note="messages that can be found by meaning" />
          <Tile
            label="Not in sync"
            value={count(guest.unsynced)}
            tone={guest.unsynced > 0 ? 'warn' : 'plain'}
            note="messages that the copy lacks"
          />
          <Tile
            label="This month"
            value={count(guest.month_requests)}
            note={
              guest.monthly_limit === null ? 'requests, without a limit' : `of ${count(guest.monthly_limit)} requests`
            }
          />
        </Tiles>
      )}
      <Panel title="Recall" note="Finds what was said by what it means, not by its words.">
        <RecallSearch key={guestId} guestId={guestId} />
      </Panel>
    </>
  )
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 0)
}
