import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Embedder } from 'reprise'
import { vertexEmbedder } from 'reprise/embedders'
import { connectPostgres, type Database, migrate } from 'reprise/postgres'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { healthyAnswer } from '../../../library/test/embedders/embedding-server.ts'
import type { Answer } from '../../../library/test/embedders/json-server.ts'
import { startVertexServer } from '../../../library/test/embedders/vertex-server.ts'
import { sql } from '../../../library/test/outbox/outbox-harness.ts'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { exceptFor, workerBench } from './worker-bench.ts'

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 10_000, interval: 5 })

describeWith(['postgres'], 'the embedding worker on a real PostgreSQL', () => {
  let postgres: PostgresServer
  let database: Database

  beforeAll(async () => {
    postgres = await startPostgres({ settings: { fsync: 'off' } })
    database = connectPostgres({ url: postgres.url })
    await migrate(database)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  afterAll(async () => {
    await database?.close()
    await postgres?.stop()
  })

  it('embeds what waits, many texts a call, and announces each message once', async () => {
    await using bench = await workerBench(database)
    const ids = await bench.store(Array.from({ length: 70 }, (_, index) => `text ${index}`))
    bench.start()
    await bench.untilStored(ids)
    await until(() => expect(bench.seen.embedding_stored.length).toBe(70))
    expect(bench.seen.embedding_stored[0]).toEqual({ messageId: ids[0], model: 'test-model', truncated: false })
    expect(bench.server.requests.length).toBe(3)
    expect(bench.seen.embedding_failed).toEqual([])
    expect(await bench.outbox.counts()).toEqual({ pending: 0, dead: 0, oldestPendingSeconds: 0 })
  })

  it('starts at once when it is woken', async () => {
    await using bench = await workerBench(database)
    const worker = bench.start({ pollMs: 60_000 })
    const first = await bench.store(['early'])
    worker.wake()
    await bench.untilStored(first)
    await sleep(100)
    const second = await bench.store(['late'])
    await sleep(100)
    await bench.untilStored(first)
    worker.wake()
    await bench.untilStored([...first, ...second])
  })

  it('takes over what a killed process had claimed, once its claim has ended', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(() => ({ delayMs: 'never' }))
    const ids = await bench.store(['one', 'two'])
    const script = fileURLToPath(new URL('worker-process.ts', import.meta.url))
    const child = spawn(process.execPath, [script, postgres.url, bench.server.url], { stdio: 'inherit' })
    await until(() => expect(bench.server.requests.length).toBe(1))
    child.kill('SIGKILL')
    bench.answerWith(healthyAnswer)
    bench.start()
    await bench.untilStored(ids)
    expect(bench.texts()).toEqual(['one', 'two', 'one', 'two'])
    expect(bench.seen.embedding_failed).toEqual([])
  })

  it('C4 stores 1408 dimensions of multimodalembedding@001, and says where it read only the beginning', async () => {
    await using bench = await workerBench(database)
    await using server = await startVertexServer({ project: 'p' })
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', server.keyFile)
    const ids = await bench.store(['short', 'long '.repeat(40)])
    bench.start({ embedder: vertexEmbedder({ project: 'p', baseUrl: server.url }) })
    await bench.untilStored(ids)
    const { rows } = await database.run(
      sql(`SELECT text_chunk = 'short' AS short, embedding_model, embedding_dim, truncated,
                  json_array_length(embedding) AS numbers, length(embedding_binary) AS bytes
           FROM cache_embeddings ORDER BY truncated`),
    )
    const row = { embedding_model: 'multimodalembedding@001', embedding_dim: 1408, numbers: 1408, bytes: 5632 }
    expect(rows).toEqual([
      { ...row, short: true, truncated: false },
      { ...row, short: false, truncated: true },
    ])
  })

  it('goes on with a model that is slow', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(asked => ({ ...healthyAnswer(asked), delayMs: 300 }))
    const ids = await bench.store(['one', 'two'])
    bench.start()
    await bench.untilStored(ids)
    expect(bench.server.requests.length).toBe(1)
  })

  it.each<[string, Answer, RegExp]>([
    ['answers 500', { status: 500 }, /answered 500/],
    ['answers garbage', { body: '<html>' }, /not JSON/],
    ['answers an empty vector', { body: { data: [{ index: 0, embedding: [] }] } }, /empty/],
    ['answers too little', { body: { data: [] } }, /0 vectors for 1 texts/],
    ['breaks the connection', { cut: true }, /could not be reached/],
    ['hangs', { delayMs: 'never' }, /did not answer within 500 ms/],
    ['refuses the key', { status: 401 }, /answered 401; check/],
  ])('A6 tries again where the model %s, and tells each failure', async (_, failure, message) => {
    await using bench = await workerBench(database)
    let calls = 0
    bench.answerWith(asked => (++calls <= 2 ? failure : healthyAnswer(asked)))
    const ids = await bench.store(['please'])
    bench.start({ callLimitMs: 500 })
    await bench.untilStored(ids)
    expect(bench.seen.embedding_failed).toEqual([
      { messageId: ids[0], attempts: 1, permanent: false, error: expect.stringMatching(message) },
      { messageId: ids[0], attempts: 2, permanent: false, error: expect.stringMatching(message) },
    ])
    expect(bench.seen.embedding_buried).toEqual([])
  })

  it('never stores a vector of another length than before', async () => {
    await using bench = await workerBench(database)
    const first = await bench.store(['first'])
    bench.start({ maxAttempts: 2 })
    await bench.untilStored(first)
    bench.answerWith(asked => healthyAnswer({ ...asked, dimensions: 9 }))
    const [second] = await bench.store(['second'])
    await until(() => expect(bench.seen.embedding_buried).toMatchObject([{ messageId: second, attempts: 2 }]))
    await bench.untilStored(first)
  })

  it('leaves a model alone for as long as it asks by Retry-After', async () => {
    await using bench = await workerBench(database)
    const at: number[] = []
    bench.answerWith(asked => {
      at.push(performance.now())
      return at.length === 1 ? { status: 429, headers: { 'retry-after': '1' } } : healthyAnswer(asked)
    })
    const ids = await bench.store(['one'])
    const worker = bench.start()
    const waking = setInterval(() => worker.wake(), 20)
    await bench.untilStored(ids)
    clearInterval(waking)
    const [first = 0, second = 0, ...more] = at
    expect(second - first).toBeGreaterThanOrEqual(990)
    expect(more).toEqual([])
  })

  it('sets aside what ran out of tries, and embeds it after a redrive', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(() => ({ status: 503 }))
    const ids = await bench.store(['hopeless'])
    const worker = bench.start({ maxAttempts: 3 })
    await until(() => expect(bench.seen.embedding_buried.length).toBe(1))
    expect(bench.seen.embedding_buried).toEqual([
      { messageId: ids[0], attempts: 3, error: 'The embedding model answered 503.' },
    ])
    expect(bench.seen.embedding_failed.map(({ attempts }) => attempts)).toEqual([1, 2, 3])
    expect(await bench.outbox.listDead(10)).toMatchObject([
      { messageId: ids[0], attempts: 3, lastError: 'The embedding model answered 503.' },
    ])
    const calls = bench.server.requests.length
    worker.wake()
    await sleep(200)
    expect(bench.server.requests.length).toBe(calls)

    bench.answerWith(healthyAnswer)
    expect(await bench.outbox.redrive('all')).toBe(1)
    await bench.untilStored(ids)
  })

  it('sets the one text aside that the model refuses, and embeds its neighbours', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(exceptFor('bad', { status: 400, body: { error: { code: 'invalid_input' } } }))
    const texts = Array.from({ length: 20 }, (_, index) => (index === 13 ? 'bad' : `good ${index}`))
    const ids = await bench.store(texts)
    bench.start()
    await bench.untilStored(ids.filter((_, index) => index !== 13))
    await until(() => expect(bench.seen.embedding_buried.length).toBe(1))
    const error = 'The embedding model answered 400 (invalid_input).'
    expect(bench.seen.embedding_buried).toEqual([{ messageId: ids[13], attempts: 1, error }])
    expect(bench.seen.embedding_failed).toEqual([{ messageId: ids[13], attempts: 1, permanent: true, error }])
  })

  it('sets the one text aside that breaks the model, and embeds its neighbours', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(exceptFor('bad', { status: 500 }))
    const ids = await bench.store(['good 1', 'good 2', 'bad', 'good 3'])
    bench.start({ maxAttempts: 6 })
    await bench.untilStored(ids.filter((_, index) => index !== 2))
    await until(() => expect(bench.seen.embedding_buried).toMatchObject([{ messageId: ids[2], attempts: 6 }]))
    expect((await bench.outbox.counts()).pending).toBe(0)
  })

  it('tries a single message at a time while the model fails', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(() => ({ status: 500 }))
    const ids = await bench.store(Array.from({ length: 64 }, (_, index) => `text ${index}`))
    bench.start()
    await until(() => expect(bench.server.requests.length).toBeGreaterThan(4))
    const sizes = bench.server.requests.map(({ body }) => JSON.parse(body).input.length)
    expect(sizes.slice(0, 5)).toEqual([32, 1, 1, 1, 1])
    bench.answerWith(healthyAnswer)
    await bench.untilStored(ids)
  })

  it('never embeds a message twice with two workers on one outbox', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(asked => ({ ...healthyAnswer(asked), delayMs: 5 }))
    const texts = Array.from({ length: 300 }, (_, index) => `text ${index}`)
    const ids = await bench.store(texts)
    bench.start({ batch: 7 })
    bench.start({ batch: 11 })
    await bench.untilStored(ids)
    expect(bench.texts().toSorted()).toEqual(texts.toSorted())
    expect(bench.server.mostAtOnce).toBe(2)
  })

  it('A3 brings nothing back that is erased while it is embedded', async () => {
    await using bench = await workerBench(database)
    let answered = false
    bench.answerWith(async asked => {
      await bench.erase(secret)
      answered = true
      return healthyAnswer(asked)
    })
    const secret = await bench.store(['secret one', 'secret two'])
    const open = await bench.store(['open'])
    bench.start()
    await bench.untilStored(open)
    expect(answered).toBe(true)
    expect(await bench.outbox.counts()).toEqual({ pending: 0, dead: 0, oldestPendingSeconds: 0 })
    await until(() => expect(bench.seen.embedding_stored.map(({ messageId }) => messageId)).toEqual(open))
  })

  it('embeds anew when the model was changed, and what never had an item', async () => {
    await using bench = await workerBench(database)
    const queued = await bench.store(['one', 'two', 'three'])
    const first = bench.start()
    await bench.untilStored(queued)
    await first.close()
    const unqueued = await bench.store(['four', 'five'], 'unqueued')
    bench.start({ embedder: bench.embedder('newer-model'), searchPageSize: 2 })
    await until(async () =>
      expect((await bench.embeddings()).map(({ model }) => model)).toEqual(Array(5).fill('newer-model')),
    )
    await bench.untilStored([...queued, ...unqueued])
    const found = bench.seen.embeddings_missing.map(({ enqueued }) => enqueued)
    expect(found.reduce((sum, count) => sum + count, 0)).toBe(5)
    expect(bench.texts().length).toBe(8)
  })

  it('keeps to its rate', async () => {
    await using bench = await workerBench(database)
    const ids = await bench.store(Array.from({ length: 40 }, (_, index) => `text ${index}`))
    const startedAt = performance.now()
    bench.start({ rate: { perSecond: 40, burst: 10 }, batch: 5 })
    await bench.untilStored(ids)
    const seconds = (performance.now() - startedAt) / 1000
    expect(seconds).toBeGreaterThan(0.6)
    expect(seconds).toBeLessThan(4)
  })

  it('rests between rounds where its share of the time is bounded', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(asked => ({ ...healthyAnswer(asked), delayMs: 50 }))
    const ids = await bench.store(Array.from({ length: 4 }, (_, index) => `text ${index}`))
    const startedAt = performance.now()
    bench.start({ maxBusyShare: 0.25, batch: 1 })
    await bench.untilStored(ids)
    // Three rests of three times 50 ms or more.
    expect(performance.now() - startedAt).toBeGreaterThan(600)
  })

  it('goes on after the database was away', async () => {
    await using bench = await workerBench(database)
    bench.start()
    await postgres.restart('immediate')
    await until(() => expect(bench.seen.outbox_failed.length).toBeGreaterThan(0))
    await until(async () => expect(await bench.outbox.counts()).toMatchObject({ pending: 0 }))
    const ids = await bench.store(['still there?'])
    await bench.untilStored(ids)
  })

  it('lets the running call end when it is closed, and starts no other', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(asked => ({ ...healthyAnswer(asked), delayMs: 200 }))
    const ids = await bench.store(['one', 'two'])
    const worker = bench.start({ batch: 1 })
    await until(() => expect(bench.server.requests.length).toBe(1))
    await worker.close()
    await bench.untilStored(ids.slice(0, 1))
    expect((await bench.outbox.counts()).pending).toBe(1)
    expect(bench.server.requests.length).toBe(1)
  })

  it('calls a hanging model off when it is closed, and gives its claims back untried', async () => {
    await using bench = await workerBench(database)
    bench.answerWith(() => ({ delayMs: 'never' }))
    const ids = await bench.store(['one', 'two'])
    const worker = bench.start({ closeLimitMs: 100 })
    await until(() => expect(bench.server.requests.length).toBe(1))
    const startedAt = performance.now()
    await worker.close()
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(bench.seen.embedding_failed).toEqual([])
    const items = await bench.outbox.claim(10, 60_000)
    expect(items.map(({ messageId, attempts }) => [messageId, attempts])).toEqual(ids.map(id => [id, 0]))
  })

  it('gives up an embedder that ignores its time limit, or throws what it should not', async () => {
    await using bench = await workerBench(database)
    const [id] = await bench.store(['secret words'])
    let calls = 0
    const rude: Embedder = {
      model: 'rude',
      maxBatch: 1,
      embed: async texts => {
        calls += 1
        if (calls === 1) return new Promise(() => {})
        if (calls === 2) throw new TypeError(`cannot read ${texts[0]}`)
        return calls === 3 ? [] : [{ vector: new Float32Array(0), truncated: false }]
      },
      close: async () => {},
    }
    bench.start({ embedder: rude, callLimitMs: 50, maxAttempts: 4 })
    await until(() => expect(bench.seen.embedding_buried.length).toBe(1))
    expect(bench.seen.embedding_failed.map(({ error }) => error)).toEqual([
      'The embedding model did not answer within 50 ms.',
      'The embedder threw TypeError in place of a RepriseError.',
      'The embedder gave 0 vectors for 1 texts.',
      'The embedder gave an empty vector.',
    ])
    expect(bench.seen.embedding_buried).toMatchObject([{ messageId: id, attempts: 4 }])
    expect(await bench.embeddings()).toEqual([])
  })
})
