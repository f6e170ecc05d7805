import { useState } from 'react'
import { Chart } from '../../charts/chart.tsx'
import { percent, plural, shortCount } from '../../format/numbers.ts'
import { timeOfDay, timeOfDaySeconds } from '../../format/times.ts'
import { Choice } from '../../parts/choice.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import type { ReadHistory } from './history-series.ts'

const views = [
  { value: 'rate', text: 'Hit rate' },
  { value: 'reads', text: 'Reads' },
] as const

/** The last hour of one cache, or of all: the share of hits, or how many reads there were. */
export function ReadsChart({ history, className }: { readonly history: ReadHistory; readonly className?: string }) {
  const [view, setView] = useState<'rate' | 'reads'>('rate')
  const { at, hits, misses, rate, stepSeconds } = history
  const step = stepSeconds < 60 ? `${stepSeconds} seconds` : 'minute'
  const isEmpty = rate.every(value => value === null)
  return (
    <Panel
      title="The last hour"
      className={className ?? ''}
      aside={<Choice label="What the chart shows" value={view} options={views} onChoose={setView} />}
    >
      {isEmpty ? (
        <Empty title="Nothing was read yet">Figures appear with the first call.</Empty>
      ) : view === 'rate' ? (
        <Chart
          summary={summaryOf(history)}
          at={at}
          series={[{ label: 'Hit rate', values: rate, color: '--accent', kind: 'area' }]}
          format={percent}
          formatTime={stepSeconds < 60 ? timeOfDaySeconds : timeOfDay}
          most={100}
          height={230}
        />
      ) : (
        <Chart
          summary={`Reads each ${step}: ${plural(hits.at(-1) ?? 0, 'hit')}, ${plural(misses.at(-1) ?? 0, 'miss', 'misses')} in the latest.`}
          at={at}
          series={[
            { label: `Hits each ${step}`, values: hits, color: '--good', kind: 'area' },
            { label: 'Misses', values: misses, color: '--warn', kind: 'line' },
          ]}
          format={shortCount}
          formatTime={stepSeconds < 60 ? timeOfDaySeconds : timeOfDay}
          height={230}
        />
      )}
    </Panel>
  )
}

function summaryOf({ rate }: ReadHistory): string {
  const known = rate.filter(value => value !== null)
  const last = known.at(-1) ?? 0
  return `Hit rate over the last hour: now ${percent(last)}, lowest ${percent(Math.min(...known))}, highest ${percent(Math.max(...known))}.`
}
