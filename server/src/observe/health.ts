import {
  type Announcer,
  type Clock,
  type ConversationCopies,
  type HourlyMetrics,
  instantOf,
  type Outbox,
  RepriseError,
} from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import type { CacheFigures, CacheName } from '../admin/figures/cache-figures.ts'
import { rate } from '../admin/figures/present.ts'
import type { HealthProvider, HealthReport } from '../http/health-routes.ts'
import { startPeriodic, type Worker } from '../workers/periodic.ts'
import { type Condition, conditions, type Seen } from './health-conditions.ts'
import { recentHitRate } from './recent-hit-rate.ts'
import type { SeenPool } from './watch-databases.ts'

export interface HealthOptions {
  /** Asks the database something small; rejects when it is away. */
  readonly askDatabase: () => Promise<unknown>
  readonly outbox: Pick<Outbox, 'counts'>
  readonly copies: Pick<ConversationCopies, 'name' | 'isAvailable'> | undefined
  readonly conversations: Announcer<ConversationEvents>
  readonly hourlyMetrics: Pick<HourlyMetrics, 'droppedRequests'>
  /** The connections of the database's pool, where it has one. */
  readonly pool: () => SeenPool | undefined
  readonly caches: () => Promise<readonly CacheFigures[]>
  readonly clock: Clock
  /** Told when something begins to be the matter, and when it is over. */
  readonly onChange: (change: HealthChange) => void
}

export interface HealthChange {
  readonly condition: string
  readonly severity: Condition['severity']
  readonly kind: 'began' | 'ended'
  readonly advice: string
}

const everyMs = 5_000
const freshMs = 500
const patienceMs = 5_000

/** Looks at all parts now and then, and whenever asked; remembers since when something is the matter. */
export function startHealth(options: HealthOptions): HealthProvider & Worker {
  const { askDatabase, outbox, copies, hourlyMetrics, pool, clock, onChange } = options
  const began = new Map<string, { readonly atMs: number; isTold: boolean }>()
  const copyHitRate = recentHitRate()
  const stopListening = options.conversations.on('copy_operation', ({ result }) => copyHitRate.add(result))
  let latest: { readonly seen: Seen; readonly atMs: number } | undefined
  let looking: Promise<Seen> | undefined

  /** What the work answers within its patience; undefined when it fails or is silent. */
  async function patiently<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    const giveUp = new AbortController()
    const silence = clock.sleep(patienceMs, giveUp.signal).then(() => undefined)
    try {
      return await Promise.race([work(), silence])
    } catch {
      return undefined
    } finally {
      giveUp.abort()
    }
  }

  async function look(): Promise<Seen> {
    const [databaseAnswers, counts, caches] = await Promise.all([
      patiently(() => askDatabase().then(() => true)),
      patiently(() => outbox.counts()),
      patiently(options.caches),
    ])
    const seen: Seen = {
      databaseAnswers: databaseAnswers ?? false,
      redisAvailable: copies?.name === 'redis' ? copies.isAvailable : undefined,
      outbox: counts,
      droppedRequests: hourlyMetrics.droppedRequests,
      pool: pool(),
      copyHitRate: copyHitRate.percent,
      caches: caches ?? [],
    }
    latest = { seen, atMs: clock.monotonicMs() }
    for (const condition of conditions) follow(condition, seen)
    return seen
  }

  function follow(condition: Condition, seen: Seen): void {
    const { name, severity } = condition
    const known = began.get(name)
    if (!condition.applies(seen)) {
      began.delete(name)
      if (known?.isTold) onChange({ condition: name, severity, kind: 'ended', advice: '' })
      return
    }
    const state = known ?? { atMs: clock.now(), isTold: false }
    began.set(name, state)
    if (state.isTold || clock.now() - state.atMs < condition.patienceMs) return
    state.isTold = true
    onChange({ condition: name, severity, kind: 'began', advice: condition.advice(seen) })
  }

  function lookNow(): Promise<Seen> {
    if (latest !== undefined && clock.monotonicMs() - latest.atMs < freshMs) return Promise.resolve(latest.seen)
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }

  function reportOf(seen: Seen): HealthReport {
    const present = conditions.filter(({ name }) => began.get(name)?.isTold)
    const worst = (severity: Condition['severity']) => present.some(condition => condition.severity === severity)
    return {
      status: worst('unhealthy') ? 'unhealthy' : worst('degraded') ? 'degraded' : 'healthy',
      redisAvailable: seen.redisAvailable ?? false,
      warnings: present.map(({ name, advice }) => {
        const since = instantOf(began.get(name)?.atMs ?? clock.now())
        return `${advice(seen)} (since ${since})`
      }),
      hitRates: { ai: hitRateOf('ai', seen), rag: hitRateOf('rag', seen), db: hitRateOf('db', seen) },
    }
  }

  const worker = startPeriodic({
    everyMs,
    clock,
    onFailure: () => {},
    round: async () => {
      await lookNow()
    },
  })
  return {
    checkReady: async () => {
      const { databaseAnswers } = await lookNow()
      if (databaseAnswers) return
      throw new RepriseError('database_unavailable', 'PostgreSQL does not answer; try again in a second.', {
        retryAfterSeconds: 1,
      })
    },
    report: async () => reportOf(await lookNow()),
    close: async () => {
      stopListening()
      await worker.close()
    },
  }
}

function hitRateOf(name: CacheName, { caches }: Seen): number {
  const figures = caches.find(each => each.name === name)
  return figures === undefined ? 0 : rate(figures.hits.all, figures.misses.all)
}
