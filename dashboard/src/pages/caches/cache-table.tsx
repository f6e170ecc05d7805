import type { CacheFigures } from 'reprise-server/answers'
import { bytes, count, percent, shortCount } from '../../format/numbers.ts'
import { milliseconds } from '../../format/times.ts'
import { Meter } from '../../parts/meter.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Link } from '../../shell/link.tsx'
import { addressOf } from '../../shell/place.ts'
import { cacheNames } from './cache-names.ts'

const columns: readonly Column<CacheFigures>[] = [
  {
    title: 'Cache',
    cell: ({ cache }) => (
      <Link to={addressOf('caches', cache)} className="row-link">
        {cacheNames[cache].title} <code>{cache}</code>
      </Link>
    ),
  },
  { title: 'Hits, 5 min', cell: figures => rateText(figures, 'last_5m'), isNumber: true },
  { title: '1 h', cell: figures => rateText(figures, 'last_hour'), isNumber: true, isMinor: true },
  { title: 'All', cell: figures => rateText(figures, 'all'), isNumber: true, isMinor: true },
  { title: 'Reads, 1 h', cell: ({ hits, misses }) => shortCount(hits.last_hour + misses.last_hour), isNumber: true },
  { title: 'Read p50', cell: ({ read_latency }) => milliseconds(read_latency.p50_ms), isNumber: true, isMinor: true },
  { title: 'p99', cell: ({ read_latency }) => milliseconds(read_latency.p99_ms), isNumber: true, isMinor: true },
  { title: 'Load p50', cell: ({ load_latency }) => milliseconds(load_latency.p50_ms), isNumber: true, isMinor: true },
  { title: 'Entries', cell: ({ entries }) => shortCount(entries), isNumber: true, isMinor: true },
  { title: 'Memory', cell: figures => <Fullness {...figures} />, isMinor: true },
]

export function CacheTable({ caches }: { readonly caches: readonly CacheFigures[] }) {
  return <Table caption="Caches" columns={columns} rows={caches} rowKey={({ cache }) => cache} />
}

/** How full the memory of a cache is. */
export function Fullness({ cache, entries, bytes: size, max_entries, max_bytes, memory_used_percent }: CacheFigures) {
  const text =
    max_bytes !== null
      ? `${bytes(size)} of ${bytes(max_bytes)}`
      : max_entries !== null
        ? `${count(entries)} of ${count(max_entries)}`
        : 'in Redis'
  return (
    <span className="fullness">
      <Meter
        label={`Memory of ${cache}`}
        percent={memory_used_percent}
        text={`${percent(memory_used_percent)}, ${text}`}
        tone={memory_used_percent >= 95 ? 'warn' : 'plain'}
      />
      <span>{text}</span>
    </span>
  )
}

/** A dash where nothing was read: 0 % would be a verdict. */
export function rateText({ hits, misses, hit_rate }: CacheFigures, window: keyof CacheFigures['hit_rate']): string {
  return hits[window] + misses[window] === 0 ? '–' : percent(hit_rate[window])
}
