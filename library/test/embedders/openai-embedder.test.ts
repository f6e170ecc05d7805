import { RepriseError } from 'reprise'
import { type OpenaiEmbedderOptions, openaiEmbedder } from 'reprise/embedders'
import { embedderSuite } from 'reprise/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../testbed/free-port.ts'
import { type EmbeddingRequest, healthyAnswer, numbersOf, startEmbeddingServer } from './embedding-server.ts'
import type { Answer, JsonServer } from './json-server.ts'

const patience = () => AbortSignal.timeout(10_000)

/** What comes of embedding these texts at a server that answers so. */
async function failureOf(
  answer: Answer | ((asked: EmbeddingRequest) => Answer),
  texts: readonly string[] = ['my secret text'],
  options: Partial<OpenaiEmbedderOptions> = {},
): Promise<RepriseError> {
  await using server = await startEmbeddingServer(typeof answer === 'function' ? answer : () => answer)
  const embedder = openaiEmbedder({ baseUrl: `${server.url}/v1`, model: 'm', apiKey: 'sk-secret', ...options })
  const error: unknown = await embedder.embed(texts, patience()).then(
    () => 'it answered',
    error => error,
  )
  if (!(error instanceof RepriseError)) throw new Error(`not a RepriseError: ${String(error)}`)
  expect(error.code).toBe('embedding_failed')
  expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toMatch(/secret/)
  return error
}
const withVectors = (...embeddings: unknown[]): Answer => ({
  body: { data: embeddings.map((embedding, index) => ({ index, embedding })) },
})

describe('the embedder of OpenAI-compatible servers', () => {
  let server: JsonServer
  beforeAll(async () => {
    server = await startEmbeddingServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const contract = embedderSuite(async () =>
    openaiEmbedder({ baseUrl: `${server.url}/v1/`, model: 'suite', maxBatch: 16 }),
  )
  for (const { name, run } of contract) it(name, run)

  it('asks as OpenAI documents it', async () => {
    await using asked = await startEmbeddingServer()
    const embedder = openaiEmbedder({
      baseUrl: `${asked.url}/v1`,
      apiKey: 'sk-1',
      model: 'text-embedding-3-small',
      dimensions: 4,
    })
    const embeddings = await embedder.embed(['one', 'two'], patience())
    expect(embeddings).toEqual([
      { vector: Float32Array.from(numbersOf('one', 4)), truncated: false },
      { vector: Float32Array.from(numbersOf('two', 4)), truncated: false },
    ])
    const [request] = asked.requests
    expect(request?.headers).toMatchObject({ authorization: 'Bearer sk-1', 'content-type': 'application/json' })
    expect(JSON.parse(request?.body ?? '')).toEqual({
      model: 'text-embedding-3-small',
      input: ['one', 'two'],
      encoding_format: 'float',
      dimensions: 4,
    })
  })

  it('sends no credential and no dimensions where none are set', async () => {
    await using asked = await startEmbeddingServer()
    await openaiEmbedder({ baseUrl: `${asked.url}/v1`, model: 'm' }).embed(['one'], patience())
    expect(asked.requests[0]?.headers.authorization).toBeUndefined()
    expect(JSON.parse(asked.requests[0]?.body ?? '')).not.toHaveProperty('dimensions')
  })

  it('reads base64 and puts answers into the order of the texts', async () => {
    const base64 = (text: string) => Buffer.from(Float32Array.from(numbersOf(text, 8)).buffer).toString('base64')
    await using shuffled = await startEmbeddingServer(({ input }) => ({
      body: { data: input.map((text, index) => ({ index, embedding: base64(text) })).reverse() },
    }))
    const embedder = openaiEmbedder({ baseUrl: `${shuffled.url}/v1`, model: 'm' })
    const embeddings = await embedder.embed(['one', 'two', 'three'], patience())
    expect(embeddings.map(({ vector }) => vector)).toEqual(
      ['one', 'two', 'three'].map(text => Float32Array.from(numbersOf(text, 8))),
    )
  })

  it('trusts the order of a server that gives no indexes', async () => {
    await using plain = await startEmbeddingServer(({ input }) => ({
      body: { data: input.map(text => ({ embedding: numbersOf(text, 3) })) },
    }))
    const embedder = openaiEmbedder({ baseUrl: `${plain.url}/v1`, model: 'm' })
    const embeddings = await embedder.embed(['one', 'two'], patience())
    expect(embeddings[1]?.vector).toEqual(Float32Array.from(numbersOf('two', 3)))
  })

  it.each<[string, Answer]>([
    ['no JSON', { body: '<html>my secret text</html>' }],
    ['JSON cut short', { body: '{"data":[{"index":0,"embed' }],
    ['null', { body: 'null' }],
    ['no data', { body: { error: null } }],
    ['too few vectors', { body: { data: [] } }],
    ['too many vectors', withVectors([1], [2])],
    ['no vector', withVectors(undefined)],
    ['an empty vector', withVectors([])],
    ['an empty base64 vector', withVectors('')],
    ['base64 of no float32', withVectors('AAA=')],
    ['no base64', withVectors('!!!!')],
    ['base64 of NaN', withVectors(Buffer.from(Float32Array.from([Number.NaN]).buffer).toString('base64'))],
    ['a number past float32', withVectors([1e300, 1])],
    ['texts for numbers', withVectors(['1', '2'])],
    ['null for a number', withVectors([1, null])],
    ['all zeros', withVectors([0, 0])],
    ['an index outside', { body: { data: [{ index: 1, embedding: [1] }] } }],
    ['an index that is no number', { body: { data: [{ index: '0', embedding: [1] }] } }],
  ])('refuses an answer with %s, to be tried again', async (_, answer) => {
    const error = await failureOf(answer)
    expect(error.message).toMatch(/^The embedding model's answer cannot be used: /)
    expect(error.permanent).toBe(false)
  })

  it('refuses one index twice', async () => {
    const twice = {
      body: {
        data: [
          { index: 0, embedding: [1] },
          { index: 0, embedding: [2] },
        ],
      },
    }
    expect((await failureOf(twice, ['one', 'two'])).message).toMatch(/indexes/)
  })

  it('refuses vectors of another length than asked, than their neighbours, and than before', async () => {
    expect((await failureOf(withVectors([1, 2]), ['one'], { dimensions: 3 })).message).toMatch(/2 dimensions where 3/)
    expect((await failureOf(withVectors([1, 2], [1]), ['one', 'two'])).message).toMatch(/1 dimensions where 2/)
    let length = 2
    await using changing = await startEmbeddingServer(asked => healthyAnswer({ ...asked, dimensions: length++ }))
    const embedder = openaiEmbedder({ baseUrl: `${changing.url}/v1`, model: 'm' })
    await embedder.embed(['one'], patience())
    await expect(embedder.embed(['two'], patience())).rejects.toThrow(/3 dimensions where 2/)
  })

  it.each([400, 413, 422])('takes %i as said of the texts: permanent', async status => {
    const error = await failureOf({ status, body: { error: { message: 'bad: my secret text', code: 'too_long' } } })
    expect(error).toMatchObject({ permanent: true, message: `The embedding model answered ${status} (too_long).` })
  })

  it('C4 cuts a text that is refused for its length until the model takes it, and says so', async () => {
    const tooLong = { status: 400, body: { error: { code: 'context_length_exceeded' } } }
    await using strict = await startEmbeddingServer(asked =>
      asked.input.some(text => text.length > 1_000) ? tooLong : healthyAnswer(asked),
    )
    const embedder = openaiEmbedder({ baseUrl: `${strict.url}/v1`, model: 'm' })
    const long = 'a🙂'.repeat(1_001)
    expect(await embedder.embed([long], patience())).toEqual([
      { vector: Float32Array.from(numbersOf(`${'a🙂'.repeat(250)}a`, 8)), truncated: true },
    ])
    expect(await embedder.embed([long.slice(0, 900)], patience())).toMatchObject([{ truncated: false }])
    // Which of several is too long, only single calls tell.
    await expect(embedder.embed([long, 'short'], patience())).rejects.toMatchObject({ permanent: true })
  })

  it('gives a text up that is refused though it is short', async () => {
    await using strict = await startEmbeddingServer(() => ({ status: 422 }))
    const embedder = openaiEmbedder({ baseUrl: `${strict.url}/v1`, model: 'm' })
    await expect(embedder.embed(['x'.repeat(2_000)], patience())).rejects.toMatchObject({ permanent: true })
    expect(strict.requests.map(({ body }) => JSON.parse(body).input[0].length)).toEqual([2_000, 1_000, 500])
  })

  it.each([401, 403, 404])('takes %i as said of the settings: tried again once they are mended', async status => {
    const error = await failureOf({ status, body: { error: { message: 'my secret text', type: 'not this way' } } })
    expect(error.permanent).toBe(false)
    expect(error.message).toBe(
      `The embedding model answered ${status}; check its address, its name and the credential.`,
    )
  })

  it.each([429, 500, 502, 503, 504])('takes %i as passing', async status => {
    const error = await failureOf({ status, body: 'my secret text' })
    expect(error).toMatchObject({ permanent: false, message: `The embedding model answered ${status}.` })
    expect(error.retryAfterSeconds).toBeUndefined()
  })

  it('reads Retry-After in seconds and as a date, and ignores nonsense', async () => {
    const after = async (value: string) => {
      const error = await failureOf({ status: 429, headers: { 'retry-after': value } })
      return error.retryAfterSeconds
    }
    expect(await after('7')).toBe(7)
    const inAMinute = await after(new Date(Date.now() + 60_000).toUTCString())
    expect(inAMinute).toBeGreaterThan(55)
    expect(inAMinute).toBeLessThanOrEqual(61)
    expect(await after('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0)
    expect(await after('soon')).toBeUndefined()
  })

  it('fails when nobody answers, when the connection breaks, and when its signal is aborted', async () => {
    expect((await failureOf({ cut: true })).permanent).toBe(false)
    const nobody = openaiEmbedder({ baseUrl: `http://127.0.0.1:${await freePort()}/v1`, model: 'm' })
    await expect(nobody.embed(['one'], patience())).rejects.toMatchObject({
      code: 'embedding_failed',
      message: 'The embedding model could not be reached: ECONNREFUSED.',
    })
    await using hanging = await startEmbeddingServer(() => ({ delayMs: 'never' }))
    const waiting = openaiEmbedder({ baseUrl: `${hanging.url}/v1`, model: 'm' })
    await expect(waiting.embed(['one'], AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'embedding_failed' })
  })
})
