import { createHmac } from 'node:crypto'
import { readNames, requireMethod } from '../base/option-reading.ts'
import { RepriseError } from '../base/reprise-error.ts'
import { type Controls, type HeaderValues, isControlHeader, readControls } from '../caches/llm/asking/controls.ts'
import { errorBody } from '../caches/llm/asking/error-body.ts'
import type { AnswerStream, Forward, LlmAnswer } from '../caches/llm/asking/llm-call.ts'
import type { LlmCache } from '../caches/llm/llm-cache.ts'
import type { LlmRoute } from '../ports/answer-store.ts'

type Fetch = typeof globalThis.fetch

export interface CachedFetchOptions {
  /** What asks the provider. Default: the global `fetch`. */
  readonly fetch?: Fetch
  /** Tells providers apart whose answers must not be mixed. Default: the address of the request, without its route. */
  readonly upstream?: string
  /** Whose answers these are. Default: by the API key, so that no two keys share an answer. */
  readonly tenant?: string
  /** With what API keys are marked: tenants are told apart by HMAC-SHA-256 of their key. Default `"reprise"`. */
  readonly secret?: string
}

const optionNames: ReadonlySet<string> = new Set(['fetch', 'upstream', 'tenant', 'secret'])
const routes: readonly LlmRoute[] = ['chat/completions', 'responses', 'messages']

/**
 * A `fetch` for the clients of OpenAI and Anthropic, which answers chat completions, responses and messages from a cache,
 * and passes everything else on. Headers `x-reprise-…` of a call steer it, and are not sent on.
 *
 * @example
 * const llm = llmCache({ cache: createCache({ name: 'ai' }), ttl: '2h' })
 * const openai = new OpenAI({ fetch: cachedFetch(llm) })
 * const anthropic = new Anthropic({ fetch: cachedFetch(llm) })
 */
export function cachedFetch(llm: Pick<LlmCache, 'answer'>, options: CachedFetchOptions = {}): Fetch {
  requireMethod(llm, 'answer', 'llm', 'a cache of answers, made by llmCache')
  readNames(options, optionNames, 'cachedFetch')
  const { fetch: ask = globalThis.fetch, upstream, tenant, secret = 'reprise' } = options
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const route = routes.find(each => url.pathname.endsWith(`/${each}`))
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET')
    if (route === undefined || method !== 'POST') return ask(input, init)
    const body = await bytesOf(input, init)
    if (body === undefined) return ask(input, init)
    const given = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const headers: HeaderValues = Object.fromEntries(given)
    const controls = controlsOf(headers, route)
    if (controls instanceof Response) return controls
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    // The body that is sent on may be another one by a few bytes.
    for (const name of [...given.keys()]) if (isControlHeader(name) || name === 'content-length') given.delete(name)
    const forward = forwardBy(ask, url, init, given)
    const answer = await llm.answer(
      {
        route,
        upstream: upstream ?? url.href.slice(0, url.href.lastIndexOf(`/${route}`)) + url.search,
        tenant: tenant ?? tenantOf(headers, secret),
        body,
        headers,
        controls,
        signal: signal ?? undefined,
      },
      forward,
    )
    return responseOf(answer)
  }
}

function forwardBy(ask: Fetch, url: URL, init: RequestInit | undefined, headers: Headers): Forward {
  return async (signal, body) => {
    const response = await ask(url.href, { ...init, method: 'POST', headers, body: Buffer.from(body), signal })
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: response.body ?? nothing(),
    }
  }
}

/** The body of a request; undefined where it is none that is known beforehand, such as a form or a stream. */
async function bytesOf(input: Parameters<Fetch>[0], init: RequestInit | undefined): Promise<Uint8Array | undefined> {
  const body = init?.body
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  // A copy is read: should the request have to be passed on as it is, its body is still there.
  if (body === undefined && input instanceof Request) return new Uint8Array(await input.clone().arrayBuffer())
  return undefined
}

/** Clients ask again after an error of `fetch`, so that a wrong header is answered as their provider would refuse it. */
function controlsOf(headers: HeaderValues, route: LlmRoute): Controls | Response {
  try {
    return readControls(headers)
  } catch (error) {
    if (!(error instanceof RepriseError)) throw error
    return Response.json(errorBody(route, error.message, error.code), { status: 400 })
  }
}

function tenantOf(headers: HeaderValues, secret: string): string {
  const credential = headers['authorization'] ?? headers['x-api-key'] ?? headers['api-key']
  if (credential === undefined) return 'anonymous'
  return createHmac('sha256', secret).update(JSON.stringify(credential)).digest('base64url')
}

function responseOf({ status, headers, body }: LlmAnswer): Response {
  const content = body instanceof Uint8Array ? Buffer.from(body) : streamOf(body)
  return new Response(content, { status, headers })
}

/** Whoever cancels the stream leaves the answer. */
function streamOf(body: AnswerStream): ReadableStream<Uint8Array> {
  return ReadableStream.from(body)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
