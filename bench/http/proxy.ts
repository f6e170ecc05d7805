import type { Effort } from '../measure/effort.ts'
import type { Answer } from '../measure/report.ts'
import { barOf, columns, loadInTurn, method } from './load.ts'
import { startApplication, startNginx, startReverseProxy } from './processes.ts'

/** Hits through the caching proxy, beside nginx in front of the same origin. */
export async function proxyQuestion(effort: Effort): Promise<Answer> {
  await using origin = await startApplication('node', 'bare')
  await using own = await startReverseProxy(origin.url)
  await using nginx = await startNginx(origin.url)
  const loaded = await loadInTurn(
    [
      { name: 'the origin itself, bare node:http', url: origin.url },
      { name: 'reprise proxy', url: own.url },
      { name: 'nginx, proxy_cache, one worker', url: nginx.url },
    ],
    effort,
  )
  return {
    title: 'Hits of the caching proxy',
    method,
    columns,
    rows: loaded.rows,
    bars: [barOf(loaded, 'reprise proxy', 'nginx, proxy_cache, one worker', 0.5)],
  }
}
