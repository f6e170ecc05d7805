import type { CacheFigures } from 'reprise-server/answers'
import { count } from '../../format/numbers.ts'
import { milliseconds } from '../../format/times.ts'
import { Panel } from '../../parts/panel.tsx'
import { type Column, Table } from '../../parts/table.tsx'

interface Row {
  readonly what: string
  readonly latency: CacheFigures['read_latency']
}

const columns: readonly Column<Row>[] = [
  { title: 'What', cell: ({ what }) => what },
  { title: 'p50', cell: ({ latency }) => milliseconds(latency.p50_ms), isNumber: true },
  { title: 'p95', cell: ({ latency }) => milliseconds(latency.p95_ms), isNumber: true },
  { title: 'p99', cell: ({ latency }) => milliseconds(latency.p99_ms), isNumber: true },
  { title: 'Measured', cell: ({ latency }) => count(latency.count), isNumber: true, isMinor: true },
]

/** How long reads and loads take. */
export function LatencyPanel({ figures }: { readonly figures: CacheFigures }) {
  const { read_latency, load_latency } = figures
  const gain = (load_latency.p50_ms ?? 0) / (read_latency.p50_ms ?? Number.POSITIVE_INFINITY)
  return (
    <Panel title="How long it takes">
      <Table
        caption="Latency"
        columns={columns}
        rows={[
          { what: 'A read', latency: read_latency },
          { what: 'A load', latency: load_latency },
        ]}
        rowKey={({ what }) => what}
      />
      {gain > 2 && (
        <p className="panel-note">
          A hit is {count(Number(gain.toPrecision(2)))} times as fast as asking anew, at the median.
        </p>
      )}
    </Panel>
  )
}
