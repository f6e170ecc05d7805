import type { ChatOverview } from 'reprise-server/answers'
import { count } from '../../format/numbers.ts'
import { milliseconds } from '../../format/times.ts'
import { Bars } from '../../parts/bars.tsx'
import { Empty } from '../../parts/notice.tsx'

/** Average response time by endpoint; the page's own questions are left out. */
export function Endpoints({ endpoints }: Pick<ChatOverview, 'endpoints'>) {
  const shown = endpoints.filter(({ endpoint }) => !isOwn(endpoint)).slice(0, 10)
  if (shown.length === 0) return <Empty title="No calls yet">Response times appear with the first call.</Empty>
  return (
    <Bars
      caption="Average response time by endpoint"
      head={['Endpoint', 'Mean', '99th percentile, calls']}
      bars={shown.map(({ endpoint, mean_ms, p99_ms, last_hour, failed_last_hour }) => ({
        name: endpoint,
        label: <code>{endpoint}</code>,
        value: mean_ms,
        text: milliseconds(mean_ms),
        note: `p99 ${milliseconds(p99_ms)} · ${count(last_hour)} in 1 h${failed_last_hour > 0 ? ` · ${count(failed_last_hour)} failed` : ''}`,
        tone: failed_last_hour > last_hour / 100 ? ('warn' as const) : ('plain' as const),
      }))}
    />
  )
}

function isOwn(endpoint: string): boolean {
  return / \/(?:admin\/cache|api\/cache|api\/chat|v1\/usage|metrics|healthz|readyz)/.test(endpoint)
}
