import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type VertexEmbedderOptions, vertexEmbedder } from 'reprise/embedders'
import { embedderSuite } from 'reprise/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { numbersOf } from './embedding-server.ts'
import { startVertexServer, type VertexServer, type VertexServerOptions } from './vertex-server.ts'

const project = 'test-project'
const patience = () => AbortSignal.timeout(10_000)

afterEach(() => {
  vi.unstubAllEnvs()
})

/** A server and an embedder that finds its credentials as in production: by GOOGLE_APPLICATION_CREDENTIALS. */
async function start(serverOptions: Partial<VertexServerOptions> = {}, options: Partial<VertexEmbedderOptions> = {}) {
  const server = await startVertexServer({ project, ...serverOptions })
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', server.keyFile)
  const embedder = vertexEmbedder({ project, baseUrl: server.url, ...options })
  return { server, embedder, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe('the embedder of Vertex AI', () => {
  describe('contract', () => {
    let server: VertexServer
    beforeAll(async () => {
      server = await startVertexServer({ project })
    })
    afterAll(() => server[Symbol.asyncDispose]())
    const open = async () => {
      vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', server.keyFile)
      return vertexEmbedder({ project, baseUrl: server.url })
    }
    for (const { name, run } of embedderSuite(open)) it(name, run)
  })

  it('C4 asks for 1408 dimensions of multimodalembedding@001, one text a call, with one token', async () => {
    await using part = await start()
    const { server, embedder } = part
    expect(embedder.model).toBe('multimodalembedding@001')
    const embeddings = await embedder.embed(['one', 'two', 'three'], patience())
    expect(embeddings.map(({ vector }) => vector)).toEqual(
      ['one', 'two', 'three'].map(text => Float32Array.from(numbersOf(text, 1408))),
    )
    const predictions = server.requests.filter(({ path }) => path !== '/token')
    expect(predictions.map(({ body }) => JSON.parse(body)).slice(0, 1)).toEqual([
      { instances: [{ text: 'one' }], parameters: { dimension: 1408 } },
    ])
    expect(predictions.length).toBe(3)
    await embedder.embed(['four'], patience())
    expect(server.tokensGiven).toBe(1)
  })

  it('gets a new token before the old one expires', async () => {
    await using part = await start({ tokenSeconds: 1 })
    await part.embedder.embed(['one'], patience())
    await part.embedder.embed(['two'], patience())
    expect(part.server.tokensGiven).toBe(2)
  })

  it('asks several at a time, and no more', async () => {
    await using part = await start({ predict: (text, dimension) => slow(text, dimension) }, { parallel: 3 })
    const texts = Array.from({ length: 10 }, (_, index) => `text ${index}`)
    const embeddings = await part.embedder.embed(texts, patience())
    expect(embeddings.map(({ vector }) => vector[0])).toEqual(texts.map(text => numbersOf(text, 1408)[0]))
    expect(part.server.mostAtOnce).toBe(3)
  })

  it('C4 says of a long text that only its beginning was read', async () => {
    await using part = await start({}, { parallel: 1 })
    const words = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`).join(' ')
    const longest = 'x'.repeat(1024)
    const texts = [
      words(32),
      words(33),
      longest,
      `${longest}y`,
      `${'x'.repeat(1023)}🙂`,
      '天'.repeat(33),
      '天'.repeat(32),
    ]
    const embeddings = await part.embedder.embed(texts, patience())
    expect(embeddings.map(({ truncated }) => truncated)).toEqual([false, true, false, true, true, true, false])
    const asked = part.server.requests.filter(({ path }) => path !== '/token').map(({ body }) => JSON.parse(body))
    expect(asked.map(({ instances: [{ text }] }) => text.length)).toEqual([
      words(32).length,
      words(33).length,
      1024,
      1024,
      1023,
      33,
      32,
    ])
  })

  it('takes a 400 as said of the text, and quotes nothing', async () => {
    await using part = await start()
    await expect(part.embedder.embed([''], patience())).rejects.toMatchObject({
      code: 'embedding_failed',
      permanent: true,
      message: 'The embedding model answered 400 (INVALID_ARGUMENT).',
    })
  })

  it('passes on how long a model over its quota wants to be left alone', async () => {
    const quota = { status: 429, headers: { 'retry-after': '9' }, body: { error: { status: 'RESOURCE_EXHAUSTED' } } }
    await using part = await start({ predict: () => quota })
    await expect(part.embedder.embed(['one', 'two'], patience())).rejects.toMatchObject({
      retryAfterSeconds: 9,
      permanent: false,
      message: 'The embedding model answered 429 (RESOURCE_EXHAUSTED).',
    })
  })

  it('never stores an empty vector, nor one of another dimension', async () => {
    const answers = [{ predictions: [] }, { predictions: [{}] }, { predictions: [{ textEmbedding: [] }] }]
    for (const body of [...answers, { predictions: [{ textEmbedding: [1, 2] }] }]) {
      await using part = await start({ predict: () => ({ body }) })
      await expect(part.embedder.embed(['one'], patience())).rejects.toMatchObject({
        code: 'embedding_failed',
        permanent: false,
      })
    }
  })

  it('says that no token was given, and not what was sent for it', async () => {
    const refusal = { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } }
    await using part = await start({ token: () => refusal })
    const failure = await part.embedder.embed(['one'], patience()).catch(error => error)
    expect(failure).toMatchObject({
      code: 'embedding_failed',
      permanent: false,
      message:
        'Google gave no access token: invalid_grant: Invalid JWT Signature. Check GOOGLE_APPLICATION_CREDENTIALS.',
    })
    expect(failure.cause).toBeUndefined()
  })

  it('fails without credentials, and works once they are there', async () => {
    await using server = await startVertexServer({ project })
    const embedder = vertexEmbedder({ project, baseUrl: server.url })
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '/nonexistent/key.json')
    await expect(embedder.embed(['one'], patience())).rejects.toThrow(/^Google gave no access token/)
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', server.keyFile)
    expect((await embedder.embed(['one'], patience())).length).toBe(1)
  })

  it('does not wait for a token longer than its signal', async () => {
    await using part = await start({ token: () => ({ delayMs: 'never' }) })
    await expect(part.embedder.embed(['one'], AbortSignal.timeout(100))).rejects.toThrow(/the time for it is up/)
  })

  it('takes tokens from whoever is handed in', async () => {
    await using part = await start()
    const auth = { getAccessToken: async () => 'not-known' }
    const embedder = vertexEmbedder({ project, baseUrl: part.server.url, auth })
    await expect(embedder.embed(['one'], patience())).rejects.toThrow(/answered 401 \(UNAUTHENTICATED\); check/)
  })

  it('loads nothing and starts nothing by being imported', async () => {
    const script = `import Module from 'node:module'
      import 'reprise/embedders'
      const loaded = () => Object.keys(Module._cache).some(path => path.includes('google-auth-library'))
      const before = [process.getActiveResourcesInfo().length, loaded()]
      await import('google-auth-library')
      console.log(...before, loaded())`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
    })
    expect(stdout.trim()).toBe('0 false true')
  })
})

function slow(text: string, dimension: number) {
  return { delayMs: 30, body: { predictions: [{ textEmbedding: numbersOf(text, dimension) }] } }
}
