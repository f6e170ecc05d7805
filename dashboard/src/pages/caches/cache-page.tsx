import type { CacheFigures, CacheStats } from 'reprise-server/answers'
import { readHistory as askHistory, cleanUpCache, clearCache } from '../../api/cache-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { percent, shortCount } from '../../format/numbers.ts'
import { duration } from '../../format/times.ts'
import { useLive } from '../../live/use-live.ts'
import { Answered } from '../../parts/answered.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Empty, Loading } from '../../parts/notice.tsx'
import { Tile, Tiles } from '../../parts/tile.tsx'
import { Link } from '../../shell/link.tsx'
import { addressOf } from '../../shell/place.ts'
import { cacheNames } from './cache-names.ts'
import { readHistory } from './history-series.ts'
import { InvalidateButton } from './invalidate-button.tsx'
import { KeyBrowser } from './keys/key-browser.tsx'
import { LatencyPanel } from './latency-panel.tsx'
import { ReadsChart } from './reads-chart.tsx'
import { CleanupDone, Removed } from './receipts.tsx'
import { RemovalsPanel } from './removals-panel.tsx'
import { TopKeysPanel } from './top-keys-panel.tsx'

/** One cache from close by. */
export function CachePage({ name }: { readonly name: string }) {
  const { stats } = useLive()
  const figures = stats?.caches[name]
  return (
    <>
      <div className="page-head">
        <div>
          <p className="crumbs">
            <Link to={addressOf('caches')}>Caches</Link>
          </p>
          <h1>
            {figures === undefined ? name : cacheNames[figures.cache].title} <code className="h1-code">{name}</code>
          </h1>
        </div>
        {figures !== undefined && <Levers name={figures.cache} />}
      </div>
      {stats === undefined ? (
        <Loading lines={6} />
      ) : figures === undefined ? (
        <Empty title={`There is no cache ${name}`}>There are {Object.keys(stats.caches).join(', ')}.</Empty>
      ) : (
        <CacheDetails stats={stats} figures={figures} />
      )}
    </>
  )
}

/** Histories of guests are entries that cannot be named from outside. */
const isSteerable = (name: CacheFigures['cache']) => name !== 'guest'

function Levers({ name }: { readonly name: CacheFigures['cache'] }) {
  return (
    <div className="actions">
      <Confirm
        label="Clean up"
        title={`Clean up ${name}?`}
        doIt="Clean up"
        act={() => cleanUpCache(name)}
        receipt={receipt => <CleanupDone receipt={receipt} />}
      >
        <p>Entries past their time leave memory now. Nothing that could still be served goes.</p>
      </Confirm>
      {isSteerable(name) && <InvalidateButton cache={name} />}
      <Confirm
        label="Clear"
        title={`Clear ${name}?`}
        doIt={`Clear ${name}`}
        isDangerous
        act={() => clearCache(name)}
        receipt={receipt => <Removed receipt={receipt} />}
      >
        <p>
          {name === 'guest'
            ? 'The fast copies go; the conversations stay, and are read from the database until they are copied anew.'
            : 'All entries go, here and in Redis: reads cost their full price until it is warm again.'}
        </p>
      </Confirm>
    </div>
  )
}

function CacheDetails({ stats, figures }: { readonly stats: CacheStats; readonly figures: CacheFigures }) {
  const history = useAnswer({ key: ['history'], ask: askHistory, everyMs: 5_000 })
  const { cache, hits, misses, stale_served, loads_saved_by_single_flight: shared, errors, hit_rate } = figures
  const reads = (window: keyof typeof hits) => hits[window] + misses[window]
  return (
    <>
      <Tiles>
        <Tile
          label="Hit rate, 5 min"
          value={reads('last_5m') === 0 ? '–' : percent(hit_rate.last_5m)}
          note={`${percent(hit_rate.last_hour)} in 1 h · ${percent(hit_rate.all)} in all`}
        />
        <Tile
          label="Reads, 1 h"
          value={shortCount(reads('last_hour'))}
          note={`${shortCount(hits.last_hour)} hits · ${shortCount(misses.last_hour)} misses`}
        />
        <Tile
          label="Loads saved by sharing"
          value={shortCount(shared.all)}
          note={`reads that waited for another’s · ${shortCount(shared.last_hour)} in 1 h`}
        />
        <Tile
          label="Stale served"
          value={shortCount(stale_served.all)}
          note={`past its time, within grace · ${shortCount(stale_served.last_hour)} in 1 h`}
        />
        <Tile
          label="Errors, 1 h"
          value={shortCount(errors.last_hour)}
          tone={errors.last_5m > 0 ? 'bad' : 'plain'}
          note={`${shortCount(errors.last_5m)} in 5 min · ${shortCount(errors.all)} in all`}
        />
        <Tile
          label="Waiting saved"
          value={duration(figures.saved_ms)}
          tone={figures.saved_ms > 0 ? 'good' : 'plain'}
          note="hits times the mean time of a load"
        />
      </Tiles>
      <Answered answer={history}>{data => <ReadsChart history={readHistory(data, stats.since, [cache])} />}</Answered>
      <div className="columns">
        <LatencyPanel figures={figures} />
        <RemovalsPanel figures={figures} />
      </div>
      {isSteerable(cache) && (
        <>
          <TopKeysPanel figures={figures} />
          <KeyBrowser figures={figures} />
        </>
      )}
    </>
  )
}
