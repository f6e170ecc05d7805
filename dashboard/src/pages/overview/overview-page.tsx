import { useEffect } from 'react'
import type { CacheStats } from 'reprise-server/answers'
import { readHistory as askHistory } from '../../api/cache-api.ts'
import { readOverview } from '../../api/chat-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { timeOfDay } from '../../format/times.ts'
import { useLive } from '../../live/use-live.ts'
import { Answered } from '../../parts/answered.tsx'
import { Loading } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { isUsed } from '../caches/cache-names.ts'
import { CacheTable } from '../caches/cache-table.tsx'
import { readHistory } from '../caches/history-series.ts'
import { ReadsChart } from '../caches/reads-chart.tsx'
import { Endpoints } from './endpoints.tsx'
import { Foundations } from './foundations.tsx'
import { KeyFigures } from './key-figures.tsx'
import { ModelSavings } from './model-savings.tsx'
import { Status } from './status.tsx'
import { Warnings } from './warnings.tsx'

/** Is all well, what is it worth, and where to look next? */
export function OverviewPage() {
  const { stats, connection } = useLive()
  const history = useAnswer({ key: ['history'], ask: askHistory, everyMs: 5_000 })
  const overview = useAnswer({ key: ['overview', 48], ask: signal => readOverview(48, signal), everyMs: 10_000 })
  const hasFigures = stats !== undefined
  useEffect(() => {
    // For those who measure how fast the page is.
    if (hasFigures) performance.mark('reprise-figures')
  }, [hasFigures])
  return (
    <>
      <div className="page-head">
        <h1>Overview</h1>
        {stats !== undefined && <Status stats={stats} connection={connection} />}
      </div>
      {stats === undefined ? (
        <Loading lines={4} />
      ) : (
        <>
          <Warnings warnings={stats.warnings} />
          <KeyFigures stats={stats} history={history.data} />
          <div className="columns is-wide-first">
            <Answered answer={history}>{data => <ReadsChart history={readHistory(data, stats.since)} />}</Answered>
            <Foundations stats={stats} />
          </div>
          <Panel title="Caches" aside={<span>counted since {timeOfDay(Date.parse(stats.since))}</span>}>
            <CacheTable caches={usedFirst(Object.values(stats.caches))} />
          </Panel>
          <div className="columns">
            <ModelSavings />
            <Panel
              title="Response time by endpoint"
              note="Mean since the server started; the most used in the last hour first."
            >
              <Answered answer={overview}>{data => <Endpoints endpoints={data.endpoints} />}</Answered>
            </Panel>
          </div>
        </>
      )}
    </>
  )
}

function usedFirst(caches: readonly CacheStats['caches'][string][]): readonly CacheStats['caches'][string][] {
  return caches.toSorted((one, other) => Number(isUsed(other)) - Number(isUsed(one)))
}
