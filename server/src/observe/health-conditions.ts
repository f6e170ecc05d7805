import type { OutboxCounts } from 'reprise'
import type { CacheFigures } from '../admin/figures/cache-figures.ts'
import { fullness, rate } from '../admin/figures/present.ts'
import type { SeenPool } from './watch-databases.ts'

/** What was seen of the parts at one look. */
export interface Seen {
  readonly databaseAnswers: boolean
  /** Undefined where no Redis is configured. */
  readonly redisAvailable: boolean | undefined
  /** Undefined while the database is away. */
  readonly outbox: OutboxCounts | undefined
  readonly droppedRequests: number
  readonly pool: SeenPool | undefined
  /** Percent of the reads of the fast copy that hit; undefined before real use. */
  readonly copyHitRate: number | undefined
  readonly caches: readonly CacheFigures[]
}

export interface Condition {
  readonly name: string
  readonly severity: 'unhealthy' | 'degraded' | 'noted'
  /** How long it must last before it is told. */
  readonly patienceMs: number
  readonly applies: (seen: Seen) => boolean
  /** What is the matter, and what to do. */
  readonly advice: (seen: Seen) => string
}

const oldOutboxSeconds = 300
const lowHitRate = 30
const nearlyAllTaken = 0.1
/** So many reads of the last hour are real use. */
const realUse = 200
const nearlyFullPercent = 90
/** A full memory is no fault as long as little is thrown out for it. */
const manyEvictions = 100

/** Whatever is worth a warning. */
export const conditions: readonly Condition[] = [
  {
    name: 'database_away',
    severity: 'unhealthy',
    patienceMs: 0,
    applies: seen => !seen.databaseAnswers,
    advice: () =>
      'PostgreSQL does not answer: messages are refused with 503, histories come from the fast copy, marked stale. ' +
      'Check that the server of DATABASE_URL runs and can be reached or, embedded, that the disk of DATA_DIR has room.',
  },
  {
    name: 'redis_away',
    severity: 'degraded',
    patienceMs: 0,
    applies: seen => seen.redisAvailable === false,
    advice: () =>
      'Redis cannot be reached: everything goes on from PostgreSQL, reads are slower. ' +
      'Check that the server of REDIS_URL runs and can be reached; it is taken up again by itself.',
  },
  {
    name: 'outbox_old',
    severity: 'degraded',
    patienceMs: 0,
    applies: seen => (seen.outbox?.oldestPendingSeconds ?? 0) > oldOutboxSeconds,
    advice: ({ outbox }) =>
      `${outbox?.pending} messages wait for their embedding, the oldest for ${Math.round((outbox?.oldestPendingSeconds ?? 0) / 60)} minutes. ` +
      'Check the model of EMBEDDER and the log for "embedding failed".',
  },
  {
    name: 'outbox_dead',
    severity: 'noted',
    patienceMs: 0,
    applies: seen => (seen.outbox?.dead ?? 0) > 0,
    advice: ({ outbox }) =>
      `The embeddings of ${outbox?.dead} messages were given up. \`reprise outbox list\` tells why, \`reprise outbox redrive\` tries them again.`,
  },
  {
    name: 'metrics_dropped',
    severity: 'degraded',
    patienceMs: 0,
    applies: seen => seen.droppedRequests > 0,
    advice: ({ droppedRequests }) =>
      `The hourly counts of ${droppedRequests} requests were lost because the database was away for too long; ` +
      'cache_metrics lacks them. A restart clears this warning.',
  },
  {
    name: 'pool_exhausted',
    severity: 'degraded',
    patienceMs: 10_000,
    // A pool of one is taken whenever it works.
    applies: ({ pool }) => pool !== undefined && pool.size > 1 && pool.available < pool.size * nearlyAllTaken,
    advice: ({ pool }) =>
      `${pool === undefined ? 0 : pool.size - pool.available} of ${pool?.size} database connections are taken. ` +
      'Raise DATABASE_POOL_SIZE, or look for slow statements in db_query_duration_seconds.',
  },
  {
    name: 'pool_times_out',
    severity: 'degraded',
    patienceMs: 0,
    applies: ({ pool, databaseAnswers }) => databaseAnswers && pool?.timesOut === true,
    advice: ({ pool }) =>
      `Requests wait in vain for one of the ${pool?.size} database connections and are refused. ` +
      'Raise DATABASE_POOL_SIZE, look for slow statements in the log, and see whether the server is overloaded.',
  },
  {
    name: 'low_hit_rate',
    severity: 'noted',
    patienceMs: 0,
    applies: seen => seen.copyHitRate !== undefined && seen.copyHitRate < lowHitRate,
    advice: ({ copyHitRate }) =>
      `Only ${Math.round(copyHitRate ?? 0)} % of reads are answered by the fast copy. ` +
      'Give it more memory, or check that Redis does not evict (`redis-cli info stats`, evicted_keys).',
  },
  {
    name: 'cache_hit_rate_low',
    severity: 'noted',
    patienceMs: 60_000,
    applies: ({ caches }) => caches.some(isSeldomHit),
    advice: ({ caches }) =>
      `${listed(caches.filter(isSeldomHit), cache => `${cache.name} ${Math.round(rate(cache.hits.hour, cache.misses.hour))} %`)} ` +
      'of reads hit in the last hour. Look at /admin/cache for keys that are read once, keep entries longer, or give the cache more room.',
  },
  {
    name: 'cache_memory_full',
    severity: 'noted',
    patienceMs: 60_000,
    applies: ({ caches }) => caches.some(isCrowded),
    advice: ({ caches }) =>
      `The memory of ${listed(caches.filter(isCrowded), cache => `${cache.name} is ${Math.round(fullness(cache))} % full`)} ` +
      'and entries are evicted: raise its bound (such as AI_CACHE_ENTRIES), or shorten its time to live.',
  },
]

/** The guests' copies have a condition of their own. */
function isSeldomHit({ name, hits, misses }: CacheFigures): boolean {
  return name !== 'guest' && hits.hour + misses.hour >= realUse && rate(hits.hour, misses.hour) < lowHitRate
}

function isCrowded(cache: CacheFigures): boolean {
  return fullness(cache) >= nearlyFullPercent && (cache.removals['evicted'] ?? 0) >= manyEvictions
}

function listed(caches: readonly CacheFigures[], text: (cache: CacheFigures) => string): string {
  return caches.map(text).join(', ')
}
