import { readHistory as askHistory, cleanUpCache, clearCache } from '../../api/cache-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { Sparkline } from '../../charts/sparkline.tsx'
import { percent, shortCount } from '../../format/numbers.ts'
import { milliseconds } from '../../format/times.ts'
import { useLive } from '../../live/use-live.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Loading } from '../../parts/notice.tsx'
import { Link } from '../../shell/link.tsx'
import { addressOf } from '../../shell/place.ts'
import { cacheNames, isUsed } from './cache-names.ts'
import { Fullness, rateText } from './cache-table.tsx'
import { readHistory } from './history-series.ts'
import { InvalidateButton } from './invalidate-button.tsx'
import { CleanupDone, Removed } from './receipts.tsx'

/** A card for each cache, and what can be done to all of them. */
export function CachesPage() {
  const { stats } = useLive()
  const history = useAnswer({ key: ['history'], ask: askHistory, everyMs: 5_000 })
  return (
    <>
      <div className="page-head">
        <h1>Caches</h1>
        <div className="actions">
          <Confirm
            label="Clean up all"
            title="Clean up all caches?"
            doIt="Clean up"
            act={() => cleanUpCache(undefined)}
            receipt={receipt => <CleanupDone receipt={receipt} />}
          >
            <p>
              Entries past their time leave memory now, rather than when they are next looked at. Nothing that could
              still be served goes.
            </p>
          </Confirm>
          <InvalidateButton />
          <Confirm
            label="Clear all"
            title="Clear all caches?"
            doIt="Clear all"
            isDangerous
            act={() => clearCache(undefined)}
            receipt={receipt => <Removed receipt={receipt} />}
          >
            <p>
              Every cache begins empty again, here and in Redis: calls cost their full price until it is warm.
              Conversations stay; only their fast copies go.
            </p>
          </Confirm>
        </div>
      </div>
      {stats === undefined ? (
        <Loading lines={6} />
      ) : (
        <ul className="cards">
          {Object.values(stats.caches).map(figures => (
            <li key={figures.cache} className="card">
              <div className="card-head">
                <h2>
                  <Link to={addressOf('caches', figures.cache)} className="card-link">
                    {cacheNames[figures.cache].title}
                  </Link>
                </h2>
                <code>{figures.cache}</code>
              </div>
              <p className="card-note">{cacheNames[figures.cache].keeps}</p>
              {isUsed(figures) ? (
                <>
                  <div className="card-figure">
                    <span className="card-value">{rateText(figures, 'last_5m')}</span>
                    <span>
                      hits in 5 min
                      <br />
                      {percent(figures.hit_rate.all)} in all
                    </span>
                  </div>
                  {history.data !== undefined && (
                    <Sparkline values={readHistory(history.data, stats.since, [figures.cache]).rate} most={100} />
                  )}
                  <dl className="card-facts">
                    <div>
                      <dt>Reads, 1 h</dt>
                      <dd>{shortCount(figures.hits.last_hour + figures.misses.last_hour)}</dd>
                    </div>
                    <div>
                      <dt>Read</dt>
                      <dd>{milliseconds(figures.read_latency.p50_ms)}</dd>
                    </div>
                    <div>
                      <dt>Load</dt>
                      <dd>{milliseconds(figures.load_latency.p50_ms)}</dd>
                    </div>
                  </dl>
                </>
              ) : (
                <p className="card-idle">Not used since the server started.</p>
              )}
              <Fullness {...figures} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
