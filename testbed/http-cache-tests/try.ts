import { httpCache, readPathRules } from '/work/wt/http/library/dist/caches/http/index.js'
import { startProxy } from '/work/wt/http/server/dist/proxy/proxy.js'
import { startOrigin } from '/work/wt/http/testbed/http-cache-tests/origin.ts'
import { runCacheTests } from '/work/wt/http/testbed/http-cache-tests/suite.ts'
const log = console.log; console.log = () => {}
const origin = await startOrigin()
const cache = httpCache({ staleOnBadAge: process.argv[2] !== 'modern' })
const proxy = await startProxy({ upstream: origin.url, host: '127.0.0.1', port: 0, cache, pathRule: readPathRules({}), preserveHost: false, purgeKey: undefined, upstreamTimeoutMs: 10000, rejectUnauthorized: true, onFailure: () => {} })
const r = await runCacheTests(proxy.url)
for (const k of ['required','optimal','check'] as const) log(k, r.passed[k].length, r.failed[k])
process.exit(0)
