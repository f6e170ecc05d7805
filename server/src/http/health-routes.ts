import { Type } from 'typebox'
import type { Auth } from './auth.ts'
import type { HttpServer } from './http-server.ts'
import { problems } from './problem-schema.ts'

export interface HealthReport {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly redisAvailable: boolean
  /** Each says what to do. */
  readonly warnings: readonly string[]
  /** Hit rates in percent, 0 before any use. */
  readonly hitRates: { readonly ai: number; readonly rag: number; readonly db: number }
}

export interface HealthProvider {
  /** Resolves when requests can be served; rejects with what is in the way, such as `database_unavailable`. */
  checkReady(): Promise<void>
  report(): Promise<HealthReport>
}

const Rate = Type.Number({ minimum: 0, maximum: 100, description: 'Percent; 0 before any use.' })
const Report = Type.Object(
  {
    status: Type.Enum(['healthy', 'degraded', 'unhealthy'] as const, { type: 'string' }),
    redis_available: Type.Boolean(),
    warnings: Type.Array(Type.String(), { description: 'Each says what to do.' }),
    stats_summary: Type.Object({ ai_hit_rate: Rate, rag_hit_rate: Rate, db_hit_rate: Rate }),
  },
  {
    description: 'How the caches are.',
    examples: [
      {
        status: 'healthy',
        redis_available: true,
        warnings: [],
        stats_summary: { ai_hit_rate: 0, rag_hit_rate: 0, db_hit_rate: 0 },
      },
    ],
  },
)

const alive = Type.Object({ status: Type.Literal('ok') }, { description: 'The process runs.' })
const ready = Type.Object({ status: Type.Literal('ready') }, { description: 'Requests can be served.' })

/** Probes ask every few seconds, whatever the rate limit says. */
const unlimited = { rateLimit: false } as const

/** Is it alive, is it ready, is it well? */
export function healthRoutes(
  server: HttpServer,
  parts: { readonly health: HealthProvider; readonly auth: Auth },
): void {
  const { health, auth } = parts
  server.get(
    '/healthz',
    {
      config: unlimited,
      schema: { tags: ['health'], operationId: 'isAlive', summary: 'Is the process alive?', response: { 200: alive } },
    },
    async () => ({ status: 'ok' as const }),
  )
  server.get(
    '/readyz',
    {
      config: unlimited,
      schema: {
        tags: ['health'],
        operationId: 'isReady',
        summary: 'Can requests be served?',
        response: { 200: ready, ...problems('database_unavailable') },
      },
    },
    async () => {
      await health.checkReady()
      return { status: 'ready' as const }
    },
  )
  server.get(
    '/api/cache/health',
    {
      preParsing: [...auth.admin],
      schema: {
        tags: ['health'],
        security: auth.admin.length === 0 ? [] : [{ adminKey: [] }],
        operationId: 'cacheHealth',
        summary: 'How are the caches?',
        response: { 200: Report, ...problems('not_authorized') },
      },
    },
    async () => {
      const { status, redisAvailable, warnings, hitRates } = await health.report()
      return {
        status,
        redis_available: redisAvailable,
        warnings: [...warnings],
        stats_summary: { ai_hit_rate: hitRates.ai, rag_hit_rate: hitRates.rag, db_hit_rate: hitRates.db },
      }
    },
  )
}
