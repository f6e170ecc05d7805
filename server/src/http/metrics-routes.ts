import { Type } from 'typebox'
import type { Auth } from './auth.ts'
import type { HttpServer } from './http-server.ts'
import { problems } from './problem-schema.ts'

export interface MetricsProvider {
  /** The content type of the text. */
  readonly contentType: string
  /** All metrics as Prometheus reads them. */
  metrics(): Promise<string>
}

/** What Prometheus scrapes. */
export function metricsRoutes(
  server: HttpServer,
  { metrics, auth }: { readonly metrics: MetricsProvider; readonly auth: Auth },
): void {
  server.get(
    '/metrics',
    {
      preParsing: [...auth.admin],
      schema: {
        tags: ['health'],
        security: auth.admin.length === 0 ? [] : [{ adminKey: [] }],
        operationId: 'metrics',
        summary: 'Metrics for Prometheus',
        response: {
          200: { description: 'Text exposition format.', content: { 'text/plain': { schema: Type.String() } } },
          ...problems('not_authorized'),
        },
      },
    },
    async (_, reply) => {
      const text = await metrics.metrics()
      return reply.type(metrics.contentType).send(text)
    },
  )
}
