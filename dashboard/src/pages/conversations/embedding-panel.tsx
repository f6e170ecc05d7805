import type { ChatOverview } from 'reprise-server/answers'
import { count, percent, plural } from '../../format/numbers.ts'
import { duration } from '../../format/times.ts'
import { Badge } from '../../parts/badge.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Link } from '../../shell/link.tsx'
import { addressOf } from '../../shell/place.ts'

interface Row {
  readonly span: string
  readonly stored: number
  readonly failed: number
}

const columns: readonly Column<Row>[] = [
  { title: 'In', cell: ({ span }) => span },
  { title: 'Made', cell: ({ stored }) => count(stored), isNumber: true },
  { title: 'Failed', cell: ({ failed }) => count(failed), isNumber: true },
  { title: 'Error rate', cell: row => <b>{errorRate(row)}</b>, isNumber: true },
]

/** How making embeddings goes: what failed of all tries. */
export function EmbeddingPanel({ embeddings, outbox }: Pick<ChatOverview, 'embeddings' | 'outbox'>) {
  const { stored, failed } = embeddings
  const rows: readonly Row[] = [
    { span: '5 minutes', stored: stored.last_5m, failed: failed.last_5m },
    { span: '1 hour', stored: stored.last_hour, failed: failed.last_hour },
    { span: 'All', stored: stored.all, failed: failed.all },
  ]
  return (
    <>
      <Table caption="Error rate of making embeddings" columns={columns} rows={rows} rowKey={({ span }) => span} />
      <p className="panel-foot">
        {outbox.pending === 0 ? (
          <Badge tone="good">None waits</Badge>
        ) : (
          <Badge tone={outbox.oldest_pending_seconds > 300 ? 'warn' : 'plain'}>
            {plural(outbox.pending, 'message')} wait, the oldest for {duration(outbox.oldest_pending_seconds * 1_000)}
          </Badge>
        )}
        {outbox.dead > 0 && <Badge tone="bad">{count(outbox.dead)} given up</Badge>}
        <Link to={addressOf('outbox')}>Outbox</Link>
      </p>
    </>
  )
}

function errorRate({ stored, failed }: Row): string {
  return stored + failed === 0 ? '–' : percent((failed / (stored + failed)) * 100)
}
