import { useState } from 'react'
import type { ChatOverview } from 'reprise-server/answers'
import { Chart, type Series } from '../../charts/chart.tsx'
import { plural, shortCount } from '../../format/numbers.ts'
import { dayTime, milliseconds, timeOfDay } from '../../format/times.ts'
import { Choice } from '../../parts/choice.tsx'
import { Empty } from '../../parts/notice.tsx'
import { stepsOf, type UsageStep } from './usage-steps.ts'

const views = [
  { value: 'requests', text: 'Requests' },
  { value: 'held', text: 'Conversations' },
  { value: 'time', text: 'Time' },
] as const
type View = (typeof views)[number]['value']

/** What guests did, hour by hour, or day by day where that is too many. */
export function UsageChart({ hours, range }: { readonly hours: ChatOverview['hours']; readonly range: number }) {
  const [view, setView] = useState<View>('requests')
  if (hours.length === 0) return <Empty title="No guest wrote yet">Usage appears with the first message.</Empty>
  const steps = stepsOf(hours, range, Date.now())
  const { series, format, summary } = lookOf(view, steps)
  return (
    <>
      <Choice label="What the chart shows" value={view} options={views} onChoose={setView} />
      <Chart
        key={view}
        summary={summary}
        at={steps.map(({ at }) => at)}
        series={series}
        format={format}
        formatTime={range > 24 ? at => dayTime(new Date(at).toISOString()) : timeOfDay}
        height={230}
      />
    </>
  )
}

interface Look {
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  readonly summary: string
}

function lookOf(view: View, steps: readonly UsageStep[]): Look {
  switch (view) {
    case 'requests': {
      const values = steps.map(({ requests }) => requests)
      const all = values.reduce((sum, value) => sum + value, 0)
      return {
        series: [
          { label: 'Histories read', values, color: '--accent', kind: 'bars' },
          { label: 'Nothing found', values: steps.map(each => each.misses), color: '--warn', kind: 'line' },
        ],
        format: shortCount,
        summary: `Guest usage over time: ${plural(all, 'request')}, at most ${shortCount(Math.max(...values))} in one step.`,
      }
    }
    case 'time': {
      const known = steps.flatMap(({ responseMs }) => responseMs ?? [])
      return {
        series: [
          { label: 'Response', values: steps.map(({ responseMs }) => responseMs), color: '--accent', kind: 'area' },
          { label: 'Generation', values: steps.map(({ generationMs }) => generationMs), color: '--warn', kind: 'line' },
        ],
        format: milliseconds,
        summary: `Mean response time: ${milliseconds(known.at(-1) ?? null)} in the latest step.`,
      }
    }
    case 'held': {
      const known = steps.flatMap(({ conversations }) => conversations ?? [])
      return {
        series: [
          { label: 'Conversations', values: steps.map(each => each.conversations), color: '--accent', kind: 'area' },
        ],
        format: shortCount,
        summary: `Conversations held: ${shortCount(known.at(-1) ?? 0)} at last, ${shortCount(known[0] ?? 0)} at first.`,
      }
    }
  }
}
