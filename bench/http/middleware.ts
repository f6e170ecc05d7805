import type { Effort } from '../measure/effort.ts'
import type { Answer } from '../measure/report.ts'
import { barOf, columns, loadInTurn, method } from './load.ts'
import { startApplication } from './processes.ts'

const least = 0.7

/** Hits through the middleware, beside the bare framework that answers the same bytes. */
export async function middlewareQuestion(effort: Effort): Promise<Answer> {
  await using fastify = await startApplication('fastify', 'bare')
  await using cachedFastify = await startApplication('fastify', 'cached')
  await using express = await startApplication('express', 'bare')
  await using cachedExpress = await startApplication('express', 'cached')
  const loaded = await loadInTurn(
    [
      { name: 'Fastify', url: fastify.url },
      { name: 'Fastify behind the cache', url: cachedFastify.url },
      { name: 'Express', url: express.url },
      { name: 'Express behind the cache', url: cachedExpress.url },
    ],
    effort,
  )
  return {
    title: 'Hits of the HTTP middleware',
    method: `${method} The bare framework answers from a handler that does nothing else.`,
    columns,
    rows: loaded.rows,
    bars: [
      barOf(loaded, 'Fastify behind the cache', 'Fastify', least),
      barOf(loaded, 'Express behind the cache', 'Express', least),
    ],
  }
}
