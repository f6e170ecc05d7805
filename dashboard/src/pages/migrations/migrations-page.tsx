import type { MigrationList } from 'reprise-server/answers'
import { readMigrations, readOverview } from '../../api/chat-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { count } from '../../format/numbers.ts'
import { dayTime } from '../../format/times.ts'
import { Answered } from '../../parts/answered.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Tile, Tiles } from '../../parts/tile.tsx'

type Migration = MigrationList['migrations'][number]

const columns: readonly Column<Migration>[] = [
  { title: 'Guest', cell: ({ guest_id }) => guest_id ?? 'erased since' },
  {
    title: 'State',
    cell: ({ status }) => (
      <Badge tone={status === 'completed' ? 'good' : status === 'failed' ? 'bad' : 'plain'}>{status}</Badge>
    ),
  },
  { title: 'Conversations', cell: ({ conversations }) => count(conversations), isNumber: true, isMinor: true },
  { title: 'Messages', cell: ({ messages }) => count(messages), isNumber: true },
  { title: 'Began', cell: ({ started_at }) => dayTime(started_at), isNumber: true, isMinor: true },
  {
    title: 'Ended',
    cell: ({ completed_at }) => (completed_at === null ? '–' : dayTime(completed_at)),
    isNumber: true,
    isMinor: true,
  },
  { title: 'Notes', cell: ({ notes }) => <span className="wrapping">{notes}</span>, isMinor: true },
]

/** Guests who became users. */
export function MigrationsPage() {
  const migrations = useAnswer({ key: ['migrations'], ask: readMigrations, everyMs: 10_000 })
  const overview = useAnswer({ key: ['overview', 1], ask: signal => readOverview(1, signal), everyMs: 10_000 })
  const totals = overview.data?.totals
  return (
    <>
      <div className="page-head">
        <h1>Migrations</h1>
      </div>
      {totals !== undefined && (
        <Tiles>
          <Tile label="Completed" value={count(totals.migrations_completed)} note="guests who became users" />
          <Tile
            label="Failed"
            value={count(totals.migrations_failed)}
            tone={totals.migrations_failed > 0 ? 'bad' : 'plain'}
            note="attempts; nothing was moved by them"
          />
        </Tiles>
      )}
      <Panel title="The latest">
        <Answered answer={migrations} lines={5}>
          {data =>
            data.migrations.length === 0 ? (
              <Empty title="No guest became a user yet">
                POST /v1/guest/migrate/… takes a guest’s conversation along.
              </Empty>
            ) : (
              <Table caption="The latest migrations" columns={columns} rows={data.migrations} rowKey={({ id }) => id} />
            )
          }
        </Answered>
      </Panel>
    </>
  )
}
