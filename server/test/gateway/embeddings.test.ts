import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { numbersOf } from '../../../library/test/embedders/embedding-server.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { expectProblem, jsonOf, post } from '../http/exchange.ts'
import { type EchoUpstream, startEchoUpstream } from './echo-upstream.ts'

interface Body {
  readonly model: string
  readonly input: readonly unknown[]
  readonly encoding_format: string
}
const vectorOf = (input: unknown) => Float32Array.from(numbersOf(JSON.stringify(input), 6))

describe('embeddings through the gateway', () => {
  let upstream: EchoUpstream
  let reprise: RepriseServer
  let refusal: { readonly status: number; readonly body: unknown } | undefined
  beforeAll(async () => {
    upstream = await startEchoUpstream((_, response, text) => {
      const { model, input }: Body = JSON.parse(text)
      response.setHeader('content-type', 'application/json')
      response.setHeader('x-ratelimit-remaining-tokens', '77')
      response.statusCode = refusal?.status ?? 200
      const data = [input].flat().map((each, index) => ({
        ...{ object: 'embedding', index },
        embedding: Buffer.from(vectorOf(each).buffer).toString('base64'),
      }))
      const tokens = data.length * 1_000
      response.end(
        JSON.stringify(
          refusal?.body ?? { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
        ),
      )
    })
    reprise = await startReprise({ UPSTREAM_BASE_URL: upstream.url, SHARED_NAMESPACES: '{"everybody":"*"}' })
  })
  afterAll(async () => {
    await reprise?.stop()
    await upstream?.[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    refusal = undefined
    upstream.seen.length = 0
  })

  const inputs = () => upstream.seen.map(({ body }) => JSON.parse(body).input)
  const client = (apiKey: string, headers: Record<string, string> = {}) =>
    new OpenAI({ apiKey, baseURL: `${reprise.url}/v1`, defaultHeaders: headers, maxRetries: 0 })
  const ask = (body: unknown, key = 'sk-plain', headers: Readonly<Record<string, string>> = {}) =>
    post(`${reprise.url}/v1/embeddings`, body, { authorization: `Bearer ${key}`, ...headers })
  const stateOf = async (response: Response | Promise<Response>) => {
    const { status, headers } = await response
    return [status, headers.get('x-reprise-cache'), headers.get('x-reprise-reason')]
  }

  it('D4 the unmodified OpenAI client gets the same numbers in both encodings; only what is missing goes upstream', async () => {
    const openai = client('sk-sdk')
    const model = 'text-embedding-3-small'
    const first = await openai.embeddings.create({ model, input: ['one', 'two'] })
    expect(first.data.map(({ embedding }) => embedding)).toEqual(['one', 'two'].map(text => Array.from(vectorOf(text))))
    const input = ['three', 'one', 'three', 'two']
    const floats = await openai.embeddings.create({ model, input, encoding_format: 'float' })
    expect(floats.data.map(({ embedding }) => Float32Array.from(embedding))).toEqual(input.map(vectorOf))
    expect(floats.usage).toEqual({ prompt_tokens: 1_000, total_tokens: 1_000 })
    const base64 = await openai.embeddings.create({ model, input, encoding_format: 'base64' })
    expect(base64.data.map(({ embedding }) => String(embedding))).toEqual(
      input.map(text => Buffer.from(vectorOf(text).buffer).toString('base64')),
    )
    expect(base64.usage.prompt_tokens).toBe(0)
    expect(inputs()).toEqual([['one', 'two'], ['three']])
    const tokens = await openai.embeddings.create({ model, input: [[1, 2], [3]] })
    expect(tokens.data.map(({ embedding }) => embedding)).toEqual([[1, 2], [3]].map(each => Array.from(vectorOf(each))))
  })

  it('tenants share nothing, unless a configured namespace says so', async () => {
    const body = { model: 'm', input: 'tenants' }
    expect(await stateOf(ask(body, 'sk-one'))).toEqual([200, 'miss', 'absent'])
    expect(await stateOf(ask(body, 'sk-two'))).toEqual([200, 'miss', 'absent'])
    expect(await stateOf(ask(body, 'sk-one'))).toEqual([200, 'hit', 'kept'])
    expect(await stateOf(ask(body, 'sk-one', { 'x-reprise-namespace': 'own' }))).toEqual([200, 'miss', 'absent'])
    const shared = { 'x-reprise-namespace': 'everybody' }
    expect(await stateOf(ask(body, 'sk-one', shared))).toEqual([200, 'miss', 'absent'])
    expect(await stateOf(ask(body, 'sk-two', shared))).toEqual([200, 'hit', 'kept'])
  })

  it('obeys the headers that control the cache', async () => {
    const mode = (name: string, input = 'controls') => ask({ model: 'm', input }, 'sk-c', { 'x-reprise-cache': name })
    const missing = await mode('only')
    expect(await stateOf(missing)).toEqual([504, 'miss', 'only'])
    await expectProblem(missing, 504, 'not_cached')
    expect(await stateOf(mode('no-store'))).toEqual([200, 'miss', 'absent'])
    expect(await stateOf(mode('bypass'))).toEqual([200, 'bypass', 'bypass'])
    expect(await stateOf(mode('default'))).toEqual([200, 'miss', 'absent'])
    expect(await stateOf(mode('only'))).toEqual([200, 'hit', 'kept'])
    expect(await stateOf(mode('refresh'))).toEqual([200, 'miss', 'refresh'])
    await expectProblem(await mode('sometimes'), 400, 'invalid_control', 'x-reprise-cache')
  })

  it('an upstream’s refusal reaches the client as it is, and is not kept', async () => {
    refusal = {
      status: 401,
      body: { error: { message: 'Incorrect API key', type: 'invalid_request_error', code: 'invalid_api_key' } },
    }
    const failed = client('sk-wrong').embeddings.create({ model: 'm', input: 'refused' })
    await expect(failed).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
    const answer = await ask({ model: 'm', input: 'refused' }, 'sk-wrong')
    expect(await jsonOf(answer)).toEqual(refusal.body)
    expect(answer.headers.get('x-ratelimit-remaining-tokens')).toBe('77')
    expect(answer.headers.get('x-request-id')).toBeTruthy()
    refusal = { status: 200, body: { object: 'list', data: [] } }
    await expectProblem(await ask({ model: 'm', input: 'refused' }, 'sk-wrong'), 502, 'embedding_failed')
    refusal = undefined
    expect(await stateOf(ask({ model: 'm', input: 'refused' }, 'sk-wrong'))).toEqual([200, 'miss', 'absent'])
  })

  it('what it does not understand is passed through', async () => {
    const body = { model: 'm', input: 'x', output_dtype: 'binary' }
    expect(await stateOf(ask(body))).toEqual([200, 'bypass', 'unreadable'])
    expect(await stateOf(ask({ model: 'm', input: [] }))).toEqual([200, 'bypass', 'unreadable'])
    expect(upstream.seen.map(seen => seen.body)).toEqual([JSON.stringify(body), '{"model":"m","input":[]}'])
  })

  it('accounts count what was paid and what was saved', async () => {
    const body = { model: 'text-embedding-3-small', input: ['a', 'b'] }
    await ask(body, 'sk-account')
    await ask(body, 'sk-account')
    const usage = await jsonOf(fetch(`${reprise.url}/v1/usage`, { headers: { authorization: 'Bearer sk-account' } }))
    expect(usage).toMatchObject({ total_requests: 2, cache_hits: 1 })
  })
})

it('without an upstream says what to set', async () => {
  await using alone = await startReprise({})
  const answer = await post(`${alone.url}/v1/embeddings`, { model: 'm', input: 'x' })
  await expectProblem(answer, 503, 'upstream_missing')
})
