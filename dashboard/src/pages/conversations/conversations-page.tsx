import { useState } from 'react'
import { readGuests, readOverview } from '../../api/chat-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { bytes, percent, plural, shortCount } from '../../format/numbers.ts'
import { Answered } from '../../parts/answered.tsx'
import { Choice } from '../../parts/choice.tsx'
import { Loading } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Tile, Tiles } from '../../parts/tile.tsx'
import { EmbeddingPanel } from './embedding-panel.tsx'
import { GuestEmbeddings } from './guest-embeddings.tsx'
import { GuestTable } from './guest-table.tsx'
import { SyncPanel } from './sync-panel.tsx'
import { UsageChart } from './usage-chart.tsx'

const ranges = [
  { value: '24', text: '24 hours' },
  { value: '168', text: '7 days' },
  { value: '720', text: '30 days' },
] as const

/** What guests do, what is kept of it, and whether all of it is in its place. */
export function ConversationsPage() {
  const [hours, setHours] = useState<(typeof ranges)[number]['value']>('24')
  const overview = useAnswer({
    key: ['overview', Number(hours)],
    ask: signal => readOverview(Number(hours), signal),
    everyMs: 5_000,
  })
  const guests = useAnswer({ key: ['guests'], ask: signal => readGuests(100, signal), everyMs: 5_000 })
  const totals = overview.data?.totals
  const requests = overview.data?.hours.reduce((sum, hour) => sum + hour.requests, 0) ?? 0
  return (
    <>
      <div className="page-head">
        <h1>Conversations</h1>
        <Choice label="How far back" value={hours} options={ranges} onChoose={setHours} />
      </div>
      {totals === undefined ? (
        <Answered answer={overview}>{() => <Loading />}</Answered>
      ) : (
        <Tiles>
          <Tile label="Conversations" value={shortCount(totals.conversations)} note="of guests and users" />
          <Tile
            label="Messages"
            value={shortCount(totals.messages)}
            note={`${bytes((overview.data?.hours.at(-1)?.storage_mb ?? 0) * 1_048_576)} in PostgreSQL`}
          />
          <Tile
            label="Embedded"
            value={totals.messages === 0 ? '–' : percent(Math.min(100, (totals.embeddings / totals.messages) * 100))}
            note={`${plural(totals.embeddings, 'embedding')} to find by meaning`}
          />
          <Tile
            label={`Requests, ${ranges.find(({ value }) => value === hours)?.text}`}
            value={shortCount(requests)}
            note="readings of histories"
          />
        </Tiles>
      )}
      <Panel title="Guest usage over time">
        <Answered answer={overview} lines={6}>
          {data => <UsageChart hours={data.hours} range={Number(hours)} />}
        </Answered>
      </Panel>
      <div className="columns is-thirds">
        <Panel title="Embeddings per guest" note="Of the guests who wrote last.">
          <Answered answer={guests}>{data => <GuestEmbeddings guests={data.guests} />}</Answered>
        </Panel>
        <Panel title="Making embeddings">
          <Answered answer={overview}>
            {data => <EmbeddingPanel embeddings={data.embeddings} outbox={data.outbox} />}
          </Answered>
        </Panel>
        <Panel title="Content mapping">
          <Answered answer={overview}>
            {data => <SyncPanel totals={data.totals} guests={guests.data?.guests ?? []} />}
          </Answered>
        </Panel>
      </div>
      <Panel title="Active guests" aside={<span>who wrote last</span>}>
        <Answered answer={guests} lines={6}>
          {data => <GuestTable guests={data.guests} />}
        </Answered>
      </Panel>
    </>
  )
}
