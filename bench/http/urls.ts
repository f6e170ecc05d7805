import { createCache } from 'reprise'
import { httpCache } from 'reprise/http'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'

const urls = 1_000_000
const maxBytes = 64 * 1024 * 1024
const body = Buffer.alloc(512, 'x')
const mb = 1024 * 1024

/** A million URLs, each asked for once: what the memory of the cache comes to. */
export async function urlsQuestion(effort: Effort): Promise<Answer> {
  // A short round shows that it runs.
  const asked = effort.rounds === 1 ? urls / 20 : urls
  const cache = createCache({ name: 'http', memory: { maxBytes } })
  const http = httpCache({ cache })
  const headers = ['Content-Type', 'text/plain', 'Cache-Control', 'max-age=3600', 'ETag', '"a"']
  const forward = async () => ({ status: 200, reason: 'OK', headers, body })
  let most = 0
  const startedAt = performance.now()
  for (let number = 0; number < asked; number += 1) {
    await http.handle({ method: 'GET', url: `http://origin.test/articles/${number}?page=1`, fields: {} }, forward)
    if (number % 1_000 === 0) most = Math.max(most, cache.stats().memory?.bytes ?? 0)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const { memory } = cache.stats()
  await cache.close()
  return {
    title: 'A million URLs',
    method: `Each URL once, 512 bytes and three headers, one after the other; looked at after every thousand.`,
    columns: ['URLs', 'maxBytes', 'most bytes', 'entries at the end', 'kept a second', 'resident at the end'],
    rows: [
      [
        figure(asked, 0),
        `${maxBytes / mb} MB`,
        `${figure(most / mb)} MB`,
        figure(memory?.size ?? 0, 0),
        figure(asked / seconds, 0),
        `${figure(process.memoryUsage().rss / mb, 0)} MB`,
      ],
    ],
    bars: [{ promise: 'memory stays inside maxBytes', found: `${figure(most / mb)} MB`, isMet: most <= maxBytes }],
  }
}
