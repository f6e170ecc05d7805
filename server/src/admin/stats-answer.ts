import { type Static, Type } from 'typebox'
import type { HealthProvider } from '../http/health-routes.ts'
import type { Administration } from './administration.ts'
import { CacheReport, presentFigures } from './figures/present.ts'
import { slotMs } from './figures/time-windows.ts'

const Nullable = Type.Union([Type.Integer(), Type.Null()])

export const CacheStatsAnswer = Type.Object(
  {
    since: Type.String({ description: 'When counting began.' }),
    at: Type.String(),
    status: Type.String(),
    warnings: Type.Array(Type.String()),
    redis: Type.Object({
      configured: Type.Boolean(),
      available: Type.Boolean(),
      used_bytes: Nullable,
    }),
    pool: Type.Union([Type.Object({ size: Type.Integer(), available: Type.Integer() }), Type.Null()]),
    caches: Type.Record(Type.String(), CacheReport),
  },
  { description: 'All caches, and what they stand on.' },
)

const Slots = Type.Array(Type.Integer({ minimum: 0 }), { description: 'The latest last; it is not over yet.' })

export const CacheHistoryAnswer = Type.Object(
  {
    at: Type.String(),
    slot_seconds: Type.Integer(),
    caches: Type.Record(Type.String(), Type.Object({ hits: Slots, misses: Slots })),
  },
  { description: 'Hits and misses of the last hour, slot by slot.' },
)

/** What `GET /api/cache/history` answers. */
export async function cacheHistory(
  administration: Administration,
  at: string,
): Promise<Static<typeof CacheHistoryAnswer>> {
  const figures = await administration.figures()
  return {
    at,
    slot_seconds: slotMs / 1_000,
    caches: Object.fromEntries(
      figures.map(({ name, recent }) => [name, { hits: [...recent.hits], misses: [...recent.misses] }]),
    ),
  }
}

/** Makes one answer of `GET /api/cache/stats`. */
export type StatsSource = () => Promise<Static<typeof CacheStatsAnswer>>

export interface StatsParts {
  readonly administration: Administration
  readonly health: Pick<HealthProvider, 'report'>
  /** Bytes that the fast copies and caches take in Redis; undefined where there is none. */
  readonly redisBytes: (() => Promise<number>) | undefined
  readonly pool: () => Promise<{ readonly size: number; readonly available: number } | undefined>
  readonly showKeys: boolean
  readonly now: () => string
}

const topKeys = 20

export function statsSource(parts: StatsParts): StatsSource {
  const { administration, health, redisBytes, pool, showKeys, now } = parts
  return async () => {
    const [{ status, warnings, redisAvailable }, usedBytes, connections, caches] = await Promise.all([
      health.report(),
      // While Redis is away its memory is not known.
      redisBytes?.().catch(() => undefined),
      pool(),
      administration.figures(),
    ])
    return {
      since: administration.since,
      at: now(),
      status,
      warnings: [...warnings],
      redis: { configured: redisBytes !== undefined, available: redisAvailable, used_bytes: usedBytes ?? null },
      pool: connections === undefined ? null : { size: connections.size, available: connections.available },
      caches: Object.fromEntries(caches.map(figures => [figures.name, presentFigures(figures, { showKeys, topKeys })])),
    }
  }
}
