import type { CacheFigures } from 'reprise-server/answers'
import { count } from '../../format/numbers.ts'
import { Bars } from '../../parts/bars.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Fullness } from './cache-table.tsx'

const causes: Readonly<Record<string, string>> = {
  evicted: 'Evicted, for want of room',
  expired: 'Expired',
  deleted: 'Deleted or invalidated',
  replaced: 'Replaced by a newer value',
  cleared: 'Cleared',
}

/** How full memory is, and why values left it. */
export function RemovalsPanel({ figures }: { readonly figures: CacheFigures }) {
  const removals = Object.entries(figures.removals)
  return (
    <Panel title="Memory, and what left it">
      <Fullness {...figures} />
      {removals.every(([, times]) => times === 0) ? (
        <Empty title="Nothing left memory yet" />
      ) : (
        <Bars
          caption="Values that left memory, by cause"
          head={['Cause', 'Values']}
          bars={removals.map(([cause, times]) => ({
            name: cause,
            label: causes[cause] ?? cause,
            value: times,
            text: count(times),
            tone: cause === 'evicted' ? ('warn' as const) : ('plain' as const),
          }))}
        />
      )}
    </Panel>
  )
}
