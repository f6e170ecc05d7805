// A shared HTTP cache before a fetch-style handler, as Hono's app.fetch is one; Fastify and Express have plugins of the
// same options. Run it: node examples/http-cache.ts
import { createCache } from 'reprise'
import { cachedFetch } from 'reprise/fetch'
import { httpCache } from 'reprise/http'

let asked = 0
function handler(request: Request): Response {
  asked += 1
  const headers = { 'content-type': 'text/plain', 'surrogate-key': 'articles' }
  return new Response(`answer ${asked} to ${new URL(request.url).pathname}`, { headers })
}

const cache = createCache({ name: 'http', memory: { maxBytes: '64mb' } })
const http = httpCache({ cache })
const fetch = cachedFetch(handler, {
  http,
  // The handler says nothing of its keeping: these paths are kept for a minute, those are not.
  defaultTtl: '1m',
  cachePaths: ['/articles/*'],
  excludePaths: ['/articles/drafts/*'],
})

for (const path of ['/articles/1', '/articles/1', '/articles/drafts/2', '/articles/drafts/2']) {
  const response = await fetch(new Request(`http://app.test${path}`))
  console.log(await response.text(), '|', response.headers.get('cache-status'))
}

await http.purgeTags(['articles'])
const after = await fetch(new Request('http://app.test/articles/1'))
console.log(await after.text(), '|', after.headers.get('cache-status'))
await cache.close()
