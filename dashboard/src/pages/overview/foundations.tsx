import type { CacheStats } from 'reprise-server/answers'
import { bytes, percent, plural } from '../../format/numbers.ts'
import { Badge } from '../../parts/badge.tsx'
import { Meter } from '../../parts/meter.tsx'
import { Panel } from '../../parts/panel.tsx'

/** What the caches stand on: Redis, the pool of the database, memory. */
export function Foundations({ stats }: { readonly stats: CacheStats }) {
  const { redis, pool } = stats
  const caches = Object.values(stats.caches)
  const fullest = caches.toSorted((one, other) => other.memory_used_percent - one.memory_used_percent)[0]
  const entries = caches.reduce((sum, each) => sum + each.entries, 0)
  const size = caches.reduce((sum, each) => sum + each.bytes, 0)
  return (
    <Panel title="What it stands on">
      <dl className="facts">
        <div>
          <dt>Redis</dt>
          <dd>
            {!redis.configured ? (
              <Badge tone="plain">Not used</Badge>
            ) : redis.available ? (
              <Badge tone="good">Reachable</Badge>
            ) : (
              <Badge tone="bad">Away</Badge>
            )}
            <span className="facts-note">
              {!redis.configured
                ? 'Copies and caches are kept in this process. REDIS_URL shares them.'
                : redis.used_bytes === null
                  ? 'Everything goes on from PostgreSQL.'
                  : `${bytes(redis.used_bytes)} used`}
            </span>
          </dd>
        </div>
        <div>
          <dt>Database pool</dt>
          <dd>{pool === null ? <span className="facts-note">Not seen yet</span> : <Pool {...pool} />}</dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>
            <span>
              {plural(entries, 'entry', 'entries')}
              {size > 0 && `, ${bytes(size)}`}
            </span>
            {fullest !== undefined && (
              <>
                <Meter
                  label="Fullest cache"
                  percent={fullest.memory_used_percent}
                  text={`${fullest.cache}, ${percent(fullest.memory_used_percent)}`}
                  tone={fullest.memory_used_percent >= 95 ? 'warn' : 'plain'}
                />
                <span className="facts-note">
                  fullest: {fullest.cache}, {percent(fullest.memory_used_percent)}
                </span>
              </>
            )}
          </dd>
        </div>
      </dl>
    </Panel>
  )
}

function Pool({ size, available }: { readonly size: number; readonly available: number }) {
  const taken = size - available
  if (size <= 1) return <span>One connection{taken > 0 ? ', busy' : ''}</span>
  const share = (taken / size) * 100
  const text = `${taken} of ${plural(size, 'connection')} in use`
  return (
    <>
      <span>{text}</span>
      <Meter
        label="Database pool"
        percent={share}
        text={text}
        tone={available === 0 ? 'bad' : share > 90 ? 'warn' : 'plain'}
      />
    </>
  )
}
