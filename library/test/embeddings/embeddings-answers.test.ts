import fc from 'fast-check'
import { createCache, RepriseError } from 'reprise'
import { createEmbeddingsAnswers, type EmbeddingsCall } from 'reprise/embeddings'
import type { Forward } from 'reprise/llm'
import { afterAll, describe, expect, test } from 'vitest'
import { numbersOf } from '../embedders/embedding-server.ts'
import { type Answer, startJsonServer } from '../embedders/json-server.ts'

interface Body {
  readonly model: string
  readonly input: string | readonly (string | number | readonly number[])[]
  readonly encoding_format?: string
  readonly dimensions?: number
}
interface Reply {
  readonly object: string
  readonly data: readonly { readonly object: string; readonly index: number; readonly embedding: string | number[] }[]
  readonly model: string
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number }
}

const cache = createCache({ name: 'answers-test' })
afterAll(() => cache.close())
const answers = createEmbeddingsAnswers({ cache })
let upstreams = 0

/** A server that speaks OpenAI's wire format; what it was asked lies in `asked`. */
async function startUpstream(
  options: { readonly refusesBase64?: boolean; answer?: (body: Body) => Answer | undefined } = {},
) {
  const asked: Body[] = []
  const server = await startJsonServer(request => {
    const body: Body = JSON.parse(request.body)
    asked.push(body)
    const special = options.answer?.(body)
    if (special !== undefined) return special
    if (options.refusesBase64 && body.encoding_format === 'base64')
      return { status: 400, body: { error: { message: 'encoding_format is not supported' } } }
    const inputs = typeof body.input === 'string' || typeof body.input[0] === 'number' ? [body.input] : body.input
    const data = inputs.map((input, index) => {
      const numbers = vectorOf(input, body.dimensions)
      const embedding =
        body.encoding_format === 'base64' ? Buffer.from(numbers.buffer).toString('base64') : Array.from(numbers)
      return { object: 'embedding', index, embedding }
    })
    const tokens = inputs.length * 5
    const model = `${body.model}-2026`
    return {
      headers: { 'x-ratelimit-remaining-requests': '41' },
      body: { object: 'list', data: data.toReversed(), model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
    }
  })
  upstreams += 1
  const name = `upstream-${upstreams}`
  const forward: Forward = async (signal, body) => {
    const response = await fetch(server.url, { method: 'POST', body, signal })
    const headers = Object.fromEntries(response.headers)
    return { status: response.status, headers, body: response.body ?? new ReadableStream() }
  }
  return {
    asked,
    server,
    answer: (body: unknown, more: Partial<EmbeddingsCall> = {}) =>
      answers.answer({ upstream: name, tenant: 't', body: Buffer.from(JSON.stringify(body)), ...more }, forward),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Numbers of all sizes, negative zero among them. */
function vectorOf(input: unknown, dimensions = 6): Float32Array {
  const numbers = Float32Array.from(
    numbersOf(JSON.stringify(input), dimensions),
    (number, index) => number * 10 ** (index * 4 - 12),
  )
  numbers[dimensions - 1] = -0
  return numbers
}

const readReply = ({ body }: { body: Uint8Array | AsyncIterable<Uint8Array> }): Reply => {
  if (!(body instanceof Uint8Array)) throw new Error('A stream came.')
  return JSON.parse(Buffer.from(body).toString())
}
const bits = (vector: Float32Array | readonly number[]) => Buffer.from(Float32Array.from(vector).buffer).toString('hex')
const bitsIn = (reply: Reply) =>
  reply.data.map(({ embedding }) =>
    typeof embedding === 'string' ? Buffer.from(embedding, 'base64').toString('hex') : bits(embedding),
  )

describe('D4 embeddings answered in OpenAI’s format', () => {
  test('D4 a batch of 100 with 90 kept: one upstream call of ten, and one answer in order', async () => {
    await using upstream = await startUpstream()
    const texts = Array.from({ length: 100 }, (_, index) => `text ${index}`)
    await upstream.answer({ model: 'm', input: texts.filter((_, index) => index % 10 !== 3) })
    const answer = await upstream.answer({ model: 'm', input: texts })
    expect(upstream.asked.map(body => body.input.length)).toEqual([90, 10])
    expect(answer).toMatchObject({ status: 200, state: 'miss', reason: 'partial', outcome: { inputs: 100, asked: 10 } })
    const reply = readReply(answer)
    expect(reply.object).toBe('list')
    expect(reply.model).toBe('m-2026')
    expect(reply.data.map(({ object, index }) => [object, index])).toEqual(
      texts.map((_, index) => ['embedding', index]),
    )
    expect(bitsIn(reply)).toEqual(texts.map(text => bits(vectorOf(text))))
    expect(reply.usage).toEqual({ prompt_tokens: 50, total_tokens: 50 })
    expect(answer.outcome.savedPromptTokens).toBe(450)
    expect(answer.headers['x-ratelimit-remaining-requests']).toBe('41')
  })

  test('D4 float and base64 are alike to the bit, kept or not, whatever numbers a model gives', async () => {
    const any32 = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(any32, fc.boolean(), async (numbers, refusesBase64) => {
        const vector = Float32Array.from(numbers)
        await using upstream = await startUpstream({
          answer: ({ encoding_format: format }) => {
            if (format === 'base64' && refusesBase64) return { status: 422, body: {} }
            const embedding =
              format === 'base64'
                ? JSON.stringify(Buffer.from(vector.buffer).toString('base64'))
                : `[${numbers.map(number => (Object.is(number, -0) ? '-0.0' : number))}]`
            return { body: `{"data":[{"index":0,"embedding":${embedding}}]}` }
          },
        })
        const kept = []
        for (const encoding_format of ['float', 'base64', 'float'])
          kept.push(bitsIn(readReply(await upstream.answer({ model: 'm', input: 'x', encoding_format }))))
        expect(kept).toEqual([[bits(vector)], [bits(vector)], [bits(vector)]])
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['a text', 'hello', ['hello']],
    ['texts', ['a', 'b'], ['a', 'b']],
    ['tokens', [1, 2, 3], [[1, 2, 3]]],
    ['lists of tokens', [[1, 2], [3]], [[1, 2], [3]]],
  ])('takes %s', async (_, input, asked) => {
    await using upstream = await startUpstream()
    const reply = readReply(await upstream.answer({ model: 'm', input }))
    expect(bitsIn(reply)).toEqual(asked.map(each => bits(vectorOf(each))))
    expect(upstream.asked[0]?.input).toEqual(asked)
    expect((await upstream.answer({ input, model: 'm', user: 'somebody', encoding_format: 'base64' })).state).toBe(
      'hit',
    )
    expect(upstream.asked).toHaveLength(1)
  })

  test('model, dimensions, other parameters, upstream, tenant and namespace keep vectors apart; user and encoding do not', async () => {
    await using upstream = await startUpstream()
    const base = { model: 'm', input: 'same' }
    const isHit = async (body: unknown, more = {}) => (await upstream.answer(body, more)).state === 'hit'
    expect(await isHit(base)).toBe(false)
    expect(await isHit({ ...base, user: 'u', encoding_format: 'base64', dimensions: null })).toBe(true)
    for (const other of [{ model: 'n' }, { dimensions: 3 }, { input_type: 'query' }]) {
      expect(await isHit({ ...base, ...other })).toBe(false)
      expect(await isHit({ ...other, ...base, ...other })).toBe(true)
    }
    for (const other of [{ tenant: 'u' }, { namespace: 'n' }, { upstream: 'another' }]) {
      expect(await isHit(base, other)).toBe(false)
      expect(await isHit(base, other)).toBe(true)
    }
  })

  test('identical batches at once share one upstream call', async () => {
    await using upstream = await startUpstream()
    const body = { model: 'm', input: ['a', 'b', 'a'] }
    const all = await Promise.all(Array.from({ length: 20 }, () => upstream.answer(body)))
    expect(upstream.asked.map(({ input }) => input)).toEqual([['a', 'b']])
    expect(all.filter(({ state }) => state === 'miss')).toHaveLength(1)
    for (const answer of all) expect(readReply(answer).data).toHaveLength(3)
  })

  test('an upstream’s refusal is passed on as it is, to all who waited, and not kept', async () => {
    let isDown = true
    await using upstream = await startUpstream({
      answer: () =>
        isDown
          ? { status: 429, headers: { 'retry-after': '7' }, body: { error: { code: 'rate_limited' } } }
          : undefined,
    })
    const refused = await Promise.all([
      upstream.answer({ model: 'm', input: 'a' }),
      upstream.answer({ model: 'm', input: 'a' }),
    ])
    for (const answer of refused) {
      expect(answer.status).toBe(429)
      expect(answer.headers['retry-after']).toBe('7')
      expect(readReply(answer)).toEqual({ error: { code: 'rate_limited' } })
    }
    expect(upstream.asked).toHaveLength(1)
    isDown = false
    expect((await upstream.answer({ model: 'm', input: 'a' })).status).toBe(200)
  })

  test('a server that knows no base64 is asked for numbers, and remembered', async () => {
    await using upstream = await startUpstream({ refusesBase64: true })
    for (const input of ['a', 'b']) {
      const reply = readReply(await upstream.answer({ model: 'm', input, encoding_format: 'base64' }))
      // This server's JSON has lost the sign of the zero.
      expect(bitsIn(reply)).toEqual([bits(vectorOf(input).map(number => number + 0))])
    }
    expect(upstream.asked.map(body => body.encoding_format)).toEqual(['base64', 'float', 'float'])
  })

  test.each([
    ['no JSON', 'oops'],
    ['no data', { object: 'list' }],
    ['too few vectors', { data: [] }],
    ['an empty vector', { data: [{ index: 0, embedding: [] }] }],
    ['text for numbers', { data: [{ index: 0, embedding: ['1'] }] }],
    [
      'a number that is none',
      { data: [{ index: 0, embedding: Buffer.from(Float32Array.of(Number.NaN).buffer).toString('base64') }] },
    ],
    ['another index', { data: [{ index: 1, embedding: [1] }] }],
  ])('%s is refused and not kept', async (_, body) => {
    let isBad = true
    await using upstream = await startUpstream({ answer: () => (isBad ? { body } : undefined) })
    await expect(upstream.answer({ model: 'm', input: 'a' })).rejects.toMatchObject({ code: 'embedding_failed' })
    isBad = false
    expect((await upstream.answer({ model: 'm', input: 'a' })).state).toBe('miss')
  })

  test('a model that was exchanged under its name is asked anew for all, so that lengths never mix', async () => {
    let length = 6
    await using upstream = await startUpstream({
      answer: ({ input }) => ({
        body: { data: [...input].map((_, index) => ({ index, embedding: numbersOf('x', length) })) },
      }),
    })
    await upstream.answer({ model: 'm', input: ['a', 'b'] })
    length = 8
    const reply = readReply(await upstream.answer({ model: 'm', input: ['a', 'b', 'c'] }))
    expect(reply.data.map(({ embedding }) => embedding.length)).toEqual([8, 8, 8])
    expect(upstream.asked.map(({ input }) => input)).toEqual([['a', 'b'], ['c'], ['a', 'b', 'c']])
  })

  test('what it does not understand is passed through, byte by byte, and not kept', async () => {
    await using upstream = await startUpstream({ answer: () => ({ status: 418, body: 'as it is' }) })
    for (const body of [
      { model: 'm', input: 'a', output_dtype: 'ubinary' },
      { model: 'm', input: [] },
      { model: 'm', input: [{ image: 'url' }] },
      { model: 'm', input: ['a', 1] },
      { input: 'a' },
      { model: 'm', input: 'a', encoding_format: 'int8' },
      ['no object'],
    ]) {
      const answer = await upstream.answer(body)
      expect(answer).toMatchObject({ status: 418, state: 'bypass', reason: 'unreadable' })
      const chunks = []
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) chunks.push(chunk)
      expect(Buffer.concat(chunks).toString()).toBe('as it is')
      expect(upstream.asked.at(-1)).toEqual(body)
    }
  })

  test('the modes do what their names say', async () => {
    await using upstream = await startUpstream()
    const ask = (mode: EmbeddingsCall['mode'], input = 'a') => upstream.answer({ model: 'm', input }, { mode })
    const asked = () => upstream.asked.length
    await expect(ask('only')).rejects.toThrow(RepriseError)
    await expect(ask('only')).rejects.toMatchObject({ code: 'not_cached' })
    expect([(await ask('bypass')).state, asked()]).toEqual(['bypass', 1])
    expect([(await ask('no-store')).state, asked()]).toEqual(['miss', 2])
    expect([(await ask('default')).state, asked()]).toEqual(['miss', 3])
    expect([(await ask('only')).state, asked()]).toEqual(['hit', 3])
    expect([(await ask('no-store')).state, asked()]).toEqual(['hit', 3])
    expect(await ask('refresh')).toMatchObject({ state: 'miss', reason: 'refresh' })
    expect(asked()).toBe(4)
    expect([(await ask('refresh', 'new')).state, (await ask('only', 'new')).state]).toEqual(['miss', 'hit'])
  })
})
