import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { expectProblem, jsonOf, post } from '../http/exchange.ts'
import { type EchoUpstream, startEchoUpstream } from './echo-upstream.ts'

const routes = ['chat/completions', 'responses', 'messages'] as const
type Route = (typeof routes)[number]

/** A whole answer of each route, as its provider words it. */
function answerOf(route: string, text: string): object {
  if (route.endsWith('chat/completions')) {
    const message = { role: 'assistant', content: text, refusal: null }
    return {
      ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-5' },
      choices: [{ index: 0, message, finish_reason: 'stop', logprobs: null }],
      usage: { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 },
    }
  }
  if (route.endsWith('responses')) {
    const content = [{ type: 'output_text', text, annotations: [] }]
    return {
      ...{ id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-5', status: 'completed', error: null },
      output: [{ type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content }],
      usage: { input_tokens: 1_000, output_tokens: 500, total_tokens: 1_500 },
    }
  }
  return {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-opus-4-5', content: [{ type: 'text', text }] },
    ...{ stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 1_000, output_tokens: 500 } },
  }
}

function bodyOf(route: Route, text: string): object {
  if (route === 'responses') return { model: 'gpt-5', input: text, store: false }
  return { model: 'gpt-5', max_tokens: 100, messages: [{ role: 'user', content: text }] }
}

interface Usage {
  readonly account: string
  readonly tenant_id: string
  readonly total_requests: number
  readonly cache_hits: number
  readonly month: { readonly cost_usd: number; readonly gross_saved_usd: number; readonly net_saved_usd: number }
}

let answered = 0
describe('answers of models', () => {
  let upstream: EchoUpstream
  let reprise: RepriseServer
  beforeAll(async () => {
    upstream = await startEchoUpstream((request, response) => {
      answered += 1
      if (request.headers['x-fail'] !== undefined) response.statusCode = Number(request.headers['x-fail'])
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answerOf(request.url ?? '', `answer ${answered}`)))
    })
    reprise = await startReprise({
      UPSTREAM_BASE_URL: upstream.url,
      SHARED_NAMESPACES: '{"everybody":"*"}',
    })
  })
  afterAll(async () => {
    await reprise?.stop()
    await upstream?.[Symbol.asyncDispose]()
  })

  const ask = (route: Route, text: string, key = 'sk-one', headers: Readonly<Record<string, string>> = {}) =>
    post(`${reprise.url}/v1/${route}`, bodyOf(route, text), { authorization: `Bearer ${key}`, ...headers })
  const stateOf = async (answer: Promise<Response>) => {
    const response = await answer
    await response.arrayBuffer()
    return response.headers.get('x-reprise-cache')
  }

  it.each(routes)('D1 /v1/%s: the same call is answered from what is known, byte for byte', async route => {
    const first = await ask(route, 'What is a cache?')
    expect([first.status, first.headers.get('x-reprise-cache')]).toEqual([200, 'miss'])
    const text = await first.text()
    const again = await ask(route, 'What is a cache?')
    expect(again.headers.get('x-reprise-cache')).toBe('hit')
    expect(await again.text()).toBe(text)
    expect(again.headers.get('content-type')).toBe('application/json')
    expect(again.headers.get('x-request-id')).toBeTruthy()
    expect(Number(again.headers.get('age'))).toBeGreaterThanOrEqual(0)
    expect(await stateOf(ask(route, 'What is a cache? '))).toBe('miss')
  })

  it.each(routes)('/v1/%s: two credentials never share an answer, in whatever header they come', async route => {
    const asked = (headers: Readonly<Record<string, string>>) =>
      stateOf(post(`${reprise.url}/v1/${route}`, bodyOf(route, 'a secret'), headers))
    const headers = [
      { authorization: 'Bearer sk-a' },
      { authorization: 'Bearer sk-b' },
      { 'x-api-key': 'sk-c' },
      { 'x-api-key': 'sk-c', authorization: 'Bearer sk-a' },
      { authorization: 'Basic sk-a' },
      {},
    ]
    for (const sent of headers) expect([sent, await asked(sent)]).toEqual([sent, 'miss'])
    for (const sent of headers) expect([sent, await asked(sent)]).toEqual([sent, 'hit'])
    // The same key is the same caller.
    expect(await asked({ authorization: 'Bearer sk-c' })).toBe('hit')
  })

  it.each(routes)('/v1/%s: a configured namespace joins tenants, any other divides them', async route => {
    const shared = { 'x-reprise-namespace': 'everybody' }
    expect(await stateOf(ask(route, 'shared', 'sk-a', shared))).toBe('miss')
    expect(await stateOf(ask(route, 'shared', 'sk-b', shared))).toBe('hit')
    expect(await stateOf(ask(route, 'shared', 'sk-b'))).toBe('miss')
    const own = { 'x-reprise-namespace': 'own' }
    expect(await stateOf(ask(route, 'shared', 'sk-a', own))).toBe('miss')
    expect(await stateOf(ask(route, 'shared', 'sk-b', own))).toBe('miss')
  })

  it('what fails is passed on as it came, and never kept', async () => {
    const failing = (status: string) => ask('chat/completions', 'fails', 'sk-one', { 'x-fail': status })
    for (const status of [429, 500]) {
      const failed = await failing(`${status}`)
      expect([failed.status, failed.headers.get('x-reprise-cache')]).toEqual([status, 'miss'])
      expect(await failed.json()).toMatchObject({ object: 'chat.completion' })
    }
    expect(await stateOf(ask('chat/completions', 'fails'))).toBe('miss')
    expect(await stateOf(ask('chat/completions', 'fails'))).toBe('hit')
  })

  it('another query is another call, and the caller’s own key goes on', async () => {
    const path = `${reprise.url}/v1/messages?beta=true`
    expect(await stateOf(post(path, bodyOf('messages', 'query'), { 'x-api-key': 'sk-one' }))).toBe('miss')
    expect(upstream.seen.at(-1)).toMatchObject({ path: '/v1/messages?beta=true', headers: { 'x-api-key': 'sk-one' } })
    expect(await stateOf(ask('messages', 'query'))).toBe('miss')
    expect(await stateOf(post(path, bodyOf('messages', 'query'), { 'x-api-key': 'sk-one' }))).toBe('hit')
  })

  it('controls steer a call, and those that cannot be read are refused in words that a client shows', async () => {
    const controlled = (control: string) => ask('messages', 'controls', 'sk-one', { 'x-reprise-cache': control })
    expect((await controlled('only')).status).toBe(504)
    expect(await stateOf(controlled('no-store'))).toBe('miss')
    expect(await stateOf(controlled('bypass'))).toBe('bypass')
    expect(await stateOf(controlled('refresh'))).toBe('miss')
    expect(await stateOf(controlled('only'))).toBe('hit')
    const refused = await controlled('sometimes')
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({
      code: 'invalid_control',
      error: { code: 'invalid_control', message: expect.stringContaining('x-reprise-cache') },
    })
  })

  it('a caller forgets its own answers, and nobody else’s', async () => {
    const tagged = (key: string) => ask('responses', 'to be forgotten', key, { 'x-reprise-tags': 'faq' })
    for (const key of ['sk-one', 'sk-two']) expect(await stateOf(tagged(key))).toBe('miss')
    const forget = (body: object, key?: string) =>
      jsonOf(
        post(`${reprise.url}/v1/cache/invalidate`, body, key === undefined ? {} : { authorization: `Bearer ${key}` }),
      )
    await expect.poll(() => forget({ tag: 'faq' }, 'sk-one')).toEqual({ removed: 1 })
    expect(await stateOf(tagged('sk-two'))).toBe('hit')
    expect(await stateOf(tagged('sk-one'))).toBe('miss')
    await expect.poll(() => forget({ tag: 'faq', tenant: '*' })).toEqual({ removed: 2 })
    expect(await stateOf(tagged('sk-two'))).toBe('miss')
    await expectProblem(await post(`${reprise.url}/v1/cache/invalidate`, { tenant: '*' }), 400, 'invalid_body')
    const wrong = await post(`${reprise.url}/v1/cache/invalidate`, { older_than: 'long' })
    await expectProblem(wrong, 400, 'invalid_body', 'older_than')
    const unknown = await post(`${reprise.url}/v1/cache/invalidate`, { tags: 'faq' })
    await expectProblem(unknown, 400, 'invalid_body', 'tags')
  })

  it.each([
    ['key', { key: 'no-key' }],
    ['key', { key: '%', tenant: '*' }],
    ['prompt_hash', { prompt_hash: 'no-hash' }],
    ['tenant', { tenant: 'x'.repeat(200), model: 'gpt-5' }],
  ])('what cannot be a %s is refused by its name: %j', async (field, body) => {
    await expectProblem(await post(`${reprise.url}/v1/cache/invalidate`, body), 400, 'invalid_body', field)
  })

  it('a bad answer is not given again; only its own caller judges it', async () => {
    const first = await ask('messages', 'judged')
    await first.text()
    const body = { key: first.headers.get('x-reprise-key'), verdict: 'bad' }
    const judge = (key: string) => post(`${reprise.url}/v1/cache/feedback`, body, { authorization: `Bearer ${key}` })
    await expectProblem(await judge('sk-two'), 401, 'not_authorized', 'key')
    expect(await stateOf(ask('messages', 'judged'))).toBe('hit')
    expect(await jsonOf(judge('sk-one'))).toEqual({ verdict: 'bad', evicted: true })
    expect(await stateOf(ask('messages', 'judged'))).toBe('miss')
  })

  it('C7 a caller reads what it used, paid and saved', async () => {
    const usage = (key: string) => jsonOf<Usage>(fetch(`${reprise.url}/v1/usage`, { headers: { 'x-api-key': key } }))
    for (const _ of [1, 2, 3]) await stateOf(ask('chat/completions', 'counted', 'sk-counted'))
    const cost = (1_000 * 1.25 + 500 * 10) / 1e6
    await expect.poll(() => usage('sk-counted')).toMatchObject({ total_requests: 3, cache_hits: 2, tier: 'api' })
    const counted = await usage('sk-counted')
    expect(counted.account).toBe(counted.tenant_id)
    expect(counted.month.cost_usd).toBeCloseTo(cost, 9)
    expect(counted.month.gross_saved_usd).toBeCloseTo(2 * cost, 9)
    expect(counted.month.net_saved_usd).toBeCloseTo(2 * cost, 9)
    expect(await usage('sk-nobody')).toMatchObject({ total_requests: 0 })
    const all = await jsonOf<Usage>(fetch(`${reprise.url}/v1/usage?scope=all`))
    expect(all.total_requests).toBeGreaterThan(3)
  })

  it('E1 F1 the rate of hits stands in health and in the metrics', async () => {
    type Health = { readonly stats_summary: { readonly ai_hit_rate: number } }
    const rate = async () => (await jsonOf<Health>(fetch(`${reprise.url}/api/cache/health`))).stats_summary.ai_hit_rate
    // Health looks at the parts twice a second at most.
    await expect.poll(rate).toBeGreaterThan(0)
    expect(await reprise.metric('cache_operations_total', 'result="hit"')).toBeGreaterThan(0)
    expect(await reprise.metric('reprise_model_calls_total', 'state="hit",reason="memory"')).toBeGreaterThan(5)
    expect(await reprise.metric('reprise_model_admissions_total', 'admission="status"')).toBe(2)
    expect(await reprise.metric('reprise_model_tokens_total', 'kind="prompt",saved="true"')).toBeGreaterThan(1_000)
    expect(await reprise.metric('reprise_model_generation_duration_seconds_count')).toBeGreaterThan(5)
  })

  it('E2 clearing the answers clears them everywhere, also where they were kept for good', async () => {
    const state = () => stateOf(ask('chat/completions', 'to be cleared'))
    expect([await state(), await state()]).toEqual(['miss', 'hit'])
    const cleared = await jsonOf<{ removed: number }>(post(`${reprise.url}/api/cache/clear`, { cache: 'ai' }))
    expect(cleared.removed).toBeGreaterThan(0)
    expect(await state()).toBe('miss')
  })

  it('OpenAPI tells the gateway’s routes', async () => {
    const { paths } = await jsonOf<{ readonly paths: object }>(fetch(`${reprise.url}/openapi.json`))
    const own = ['/v1/usage', '/v1/cache/invalidate', '/v1/cache/feedback', ...routes.map(route => `/v1/${route}`)]
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(own))
  })
})
