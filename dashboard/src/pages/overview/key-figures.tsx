import type { CacheFigures, CacheHistory, CacheStats } from 'reprise-server/answers'
import { readUsage } from '../../api/cache-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { Sparkline } from '../../charts/sparkline.tsx'
import { dollars, percent, shortCount } from '../../format/numbers.ts'
import { duration, milliseconds, timeOfDay } from '../../format/times.ts'
import { Tile, Tiles } from '../../parts/tile.tsx'
import { readHistory } from '../caches/history-series.ts'

export interface KeyFiguresProps {
  readonly stats: CacheStats
  readonly history: CacheHistory | undefined
}

/** The five figures that say whether caching pays. */
export function KeyFigures({ stats, history }: KeyFiguresProps) {
  const usage = useAnswer({ key: ['usage'], ask: readUsage, everyMs: 10_000 })
  const caches = Object.values(stats.caches)
  const rate = (window: 'last_5m' | 'last_hour' | 'all') => {
    const [hits, misses] = [
      sumOf(caches.map(each => each.hits[window])),
      sumOf(caches.map(each => each.misses[window])),
    ]
    return hits + misses === 0 ? '–' : percent((hits / (hits + misses)) * 100)
  }
  const busiest = caches.toSorted((one, other) => other.read_latency.count - one.read_latency.count)[0]
  const loads = caches.filter(each => each.load_latency.count > 0)
  const loaded = loads.toSorted((one, other) => other.load_latency.count - one.load_latency.count)[0]
  const month = usage.data?.month
  const isCalled = month !== undefined && month.requests > 0
  const saved = sumOf(caches.map(each => each.saved_ms))
  const hits = sumOf(caches.map(each => each.hits.all))
  return (
    <Tiles>
      <Tile
        label="Hit rate, 5 min"
        value={rate('last_5m')}
        note={rate('all') === '–' ? 'Nothing was read yet' : `${rate('last_hour')} in 1 h · ${rate('all')} in all`}
      >
        {history !== undefined && <Sparkline values={readHistory(history, stats.since).rate} most={100} />}
      </Tile>
      <Tile
        label="A read takes"
        value={milliseconds(busiest?.read_latency.p50_ms ?? null)}
        note={latencyNote(busiest?.cache, busiest?.read_latency)}
      />
      <Tile
        label="A load takes"
        value={milliseconds(loaded?.load_latency.p50_ms ?? null)}
        note={latencyNote(loaded?.cache, loaded?.load_latency)}
      />
      <Tile
        label="Saved this month"
        tone={isCalled ? 'good' : 'plain'}
        value={isCalled ? dollars(month.net_saved_usd) : '–'}
        note={
          !isCalled
            ? 'Models were not called yet'
            : `${shortCount(month.saved_prompt_tokens + month.saved_completion_tokens)} tokens · ${dollars(month.cost_usd)} were paid`
        }
      />
      <Tile
        label="Waiting saved"
        tone={saved > 0 ? 'good' : 'plain'}
        value={saved > 0 ? duration(saved) : '–'}
        note={hits === 0 ? 'No hits yet' : `by ${shortCount(hits)} hits since ${timeOfDay(Date.parse(stats.since))}`}
      />
    </Tiles>
  )
}

function latencyNote(cache: string | undefined, latency: CacheFigures['read_latency'] | undefined): string {
  if (cache === undefined || latency === undefined || latency.count === 0) return 'Not measured yet'
  return `median of ${cache} · p99 ${milliseconds(latency.p99_ms)}`
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
