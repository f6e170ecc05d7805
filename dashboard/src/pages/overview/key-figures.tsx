import type { CacheHistory, CacheStats } from 'reprise-server/answers'
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

/** The four figures that say whether caching pays. */
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
  return (
    <Tiles>
      <Tile
        label="Hit rate, 5 min"
        value={rate('last_5m')}
        note={`${rate('last_hour')} in the last hour · ${rate('all')} in all`}
      >
        {history !== undefined && <Sparkline values={readHistory(history, stats.since).rate} most={100} />}
      </Tile>
      <Tile
        label="A read takes"
        value={milliseconds(busiest?.read_latency.p50_ms ?? null)}
        note={`median of ${busiest?.cache ?? 'all'} · p99 ${milliseconds(busiest?.read_latency.p99_ms ?? null)}`}
      />
      <Tile
        label="A load takes"
        value={milliseconds(loaded?.load_latency.p50_ms ?? null)}
        note={`median of ${loaded?.cache ?? 'all'} · p99 ${milliseconds(loaded?.load_latency.p99_ms ?? null)}`}
      />
      <Tile
        label="Saved this month"
        tone="good"
        value={month === undefined ? '–' : dollars(month.net_saved_usd)}
        note={
          month === undefined
            ? 'Models were not called yet'
            : `${shortCount(month.saved_prompt_tokens + month.saved_completion_tokens)} tokens · ${dollars(month.cost_usd)} were paid`
        }
      />
      <Tile
        label="Waiting saved"
        tone="good"
        value={duration(sumOf(caches.map(each => each.saved_ms)))}
        note={`by ${shortCount(sumOf(caches.map(each => each.hits.all)))} hits since ${timeOfDay(Date.parse(stats.since))}`}
      />
    </Tiles>
  )
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
