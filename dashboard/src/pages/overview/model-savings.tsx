import type { UsageReport } from 'reprise-server/answers'
import { readUsage } from '../../api/cache-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { count, dollars, percent, shortCount } from '../../format/numbers.ts'
import { month } from '../../format/times.ts'
import { Answered } from '../../parts/answered.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { type Column, Table } from '../../parts/table.tsx'

type Model = UsageReport['month']['models'][number]

const columns: readonly Column<Model>[] = [
  { title: 'Model', cell: ({ model }) => <code>{model}</code> },
  { title: 'Calls', cell: ({ requests }) => shortCount(requests), isNumber: true, isMinor: true },
  {
    title: 'Hits',
    cell: ({ cache_hits, cache_misses }) =>
      cache_hits + cache_misses === 0 ? '–' : percent((cache_hits / (cache_hits + cache_misses)) * 100),
    isNumber: true,
  },
  { title: 'Paid', cell: ({ cost_usd }) => dollars(cost_usd), isNumber: true, isMinor: true },
  { title: 'Saved', cell: ({ net_saved_usd }) => <b>{dollars(net_saved_usd)}</b>, isNumber: true },
]

/** What hits saved at the providers, model by model. */
export function ModelSavings() {
  const usage = useAnswer({ key: ['usage'], ask: readUsage, everyMs: 10_000 })
  return (
    <Panel
      title="Savings by model"
      aside={usage.data === undefined ? undefined : <span>{month(usage.data.month.begins)}</span>}
    >
      <Answered answer={usage}>
        {({ month: { models, unpriced, gross_saved_usd, provider_cache_usd } }) =>
          models.length === 0 ? (
            <Empty title="No model was called yet">
              Point a model’s client at this server, and savings appear here.
            </Empty>
          ) : (
            <>
              <Table caption="Savings by model" columns={columns} rows={models} rowKey={({ model }) => model} />
              <p className="panel-note">
                {dollars(gross_saved_usd)} less {dollars(provider_cache_usd)} that the provider’s own cache would have
                saved anyway.{unpriced > 0 && ` ${count(unpriced)} answers without a known price stand in no sum.`}
              </p>
            </>
          )
        }
      </Answered>
    </Panel>
  )
}
