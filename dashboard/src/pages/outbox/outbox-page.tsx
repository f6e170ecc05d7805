import { useState } from 'react'
import type { OutboxState } from 'reprise-server/answers'
import { readOutbox, readOverview, redrive } from '../../api/chat-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { count, plural } from '../../format/numbers.ts'
import { dayTime, duration } from '../../format/times.ts'
import { Answered } from '../../parts/answered.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Tile, Tiles } from '../../parts/tile.tsx'

type DeadItem = OutboxState['dead'][number]

const columns = (onRedrive: (item: DeadItem) => void): readonly Column<DeadItem>[] => [
  { title: 'Message', cell: ({ message_id }) => <code title={message_id}>{message_id.slice(0, 8)}…</code> },
  { title: 'Why', cell: ({ error }) => <span className="wrapping">{error}</span> },
  { title: 'Tries', cell: ({ attempts }) => count(attempts), isNumber: true, isMinor: true },
  { title: 'Since', cell: ({ created_at }) => dayTime(created_at), isNumber: true, isMinor: true },
  {
    title: 'Action',
    cell: item => (
      <button type="button" className="button is-small" onClick={() => onRedrive(item)}>
        Try again
      </button>
    ),
    isNumber: true,
  },
]

/** Embeddings that wait, and those that were given up. */
export function OutboxPage() {
  // Beside the table: the row leaves it as soon as its message waits again.
  const [chosen, setChosen] = useState<DeadItem>()
  const outbox = useAnswer({ key: ['outbox'], ask: readOutbox, everyMs: 3_000 })
  const overview = useAnswer({ key: ['overview', 1], ask: signal => readOverview(1, signal), everyMs: 5_000 })
  const made = overview.data?.embeddings
  return (
    <>
      <div className="page-head">
        <h1>Outbox</h1>
        <Confirm
          label="Try all again"
          title="Try all again?"
          doIt="Try again"
          isDisabled={(outbox.data?.outbox.dead ?? 0) === 0}
          act={() => redrive()}
          receipt={({ redriven }) => <p>{plural(redriven, 'message')} wait again for their embedding.</p>}
        >
          <p>Every message that was given up waits again, with all of its tries before it. First see to what failed.</p>
        </Confirm>
      </div>
      <Answered answer={outbox}>
        {({ outbox: { pending, dead, oldest_pending_seconds }, dead: items }) => (
          <>
            <Tiles>
              <Tile label="Waiting" value={count(pending)} note="messages without their embedding" />
              <Tile
                label="The oldest waits"
                value={pending === 0 ? '–' : duration(Math.max(1, oldest_pending_seconds) * 1_000)}
                tone={oldest_pending_seconds > 300 ? 'warn' : 'plain'}
                note="usually less than a minute"
              />
              <Tile label="Given up" value={count(dead)} tone={dead > 0 ? 'bad' : 'plain'} note="after the last try" />
              <Tile
                label="Made, 1 h"
                value={made === undefined ? '–' : count(made.stored.last_hour)}
                note={made === undefined ? '' : `${plural(made.failed.last_hour, 'try', 'tries')} failed`}
              />
            </Tiles>
            <Panel title="Given up">
              {items.length === 0 ? (
                <Empty title="Nothing was given up">
                  A message whose embedding fails again and again is set aside here, so that it holds up no other.
                </Empty>
              ) : (
                <Table caption="Given up" columns={columns(setChosen)} rows={items} rowKey={({ id }) => id} />
              )}
            </Panel>
          </>
        )}
      </Answered>
      {chosen !== undefined && (
        <ConfirmDialog
          title="Try this one again?"
          doIt="Try again"
          act={() => redrive([chosen.id])}
          receipt={({ redriven }) => <p>{plural(redriven, 'message')} waits again for its embedding.</p>}
          onClose={() => setChosen(undefined)}
        >
          <p>
            Message <code>{chosen.message_id}</code> failed {plural(chosen.attempts, 'time')}: {chosen.error}
          </p>
        </ConfirmDialog>
      )}
    </>
  )
}
