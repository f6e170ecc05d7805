import { afterAll, beforeAll, expect, it } from 'vitest'
import { type JsonServer, startJsonServer } from '../../../library/test/embedders/json-server.ts'
import { startVertexServer } from '../../../library/test/embedders/vertex-server.ts'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { jsonOf, post } from '../http/exchange.ts'
import { contentsOf, historyOf, say, untilCopied } from './chat.ts'
import { sql } from './deployment.ts'

interface LogLine {
  readonly level: string
  readonly step?: string
  readonly message_id?: string
  readonly msg: string
}

describeWith(['postgres', 'redis-server'], 'the contract of side tasks', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres({ settings: { fsync: 'off' } }), startRedis()])
  })
  afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

  const linesOf = (server: RepriseServer): readonly LogLine[] =>
    server
      .output()
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line))
  const stepsOf = (server: RepriseServer, messageId: string) =>
    linesOf(server)
      .filter(line => line.message_id === messageId && line.step !== undefined)
      .map(line => line.step)
  const failing = (): Promise<JsonServer> => startJsonServer(() => ({ status: 500, body: { error: 'out of order' } }))

  it('A6 C4 a failing embedder: the chat is unharmed, each failure is an error line and a count, nothing empty is stored', async () => {
    await using model = await failing()
    await using server = await startReprise({
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      EMBEDDER: 'openai',
      EMBEDDER_BASE_URL: model.url,
      LOG_LEVEL: 'debug',
    })
    const saved = await say(server.url, 'a6-embedder', 'unmentionable words')
    expect(saved.stored_in).toContain('postgresql')
    const failures = () => linesOf(server).filter(line => line.level === 'error')
    await expect
      .poll(failures, { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ message_id: saved.message_id, msg: 'embedding failed' }))
    // Every one of them is logged, and no more.
    const failed = await server.metric('reprise_embeddings_total', 'result="failed"')
    expect(failures().length).toBeGreaterThanOrEqual(failed)
    expect(await contentsOf(server.url, 'a6-embedder')).toEqual(['unmentionable words'])
    expect(await sql(postgres.url, 'SELECT 1 FROM cache_embeddings')).toEqual([])
    expect(stepsOf(server, saved.message_id).sort()).toEqual(['embedding', 'mapping', 'postgresql', 'redis', 'usage'])
    expect(server.output()).not.toMatch(/unmentionable|a6-embedder/)
  })

  it('A6 a model that hangs and a Redis that is killed slow no message down', async () => {
    await using model = await startJsonServer(() => ({ delayMs: 'never' }))
    await using server = await startReprise({
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      EMBEDDER: 'openai',
      EMBEDDER_BASE_URL: model.url,
    })
    await say(server.url, 'a6-slow', '0')
    await redis.kill()
    const startedAt = performance.now()
    for (let count = 1; count <= 20; count += 1) await say(server.url, 'a6-slow', `${count}`)
    expect((performance.now() - startedAt) / 20).toBeLessThan(150)
    expect(await historyOf(server.url, 'a6-slow')).toHaveLength(21)
    expect(await server.metric('reprise_messages_saved_total')).toBe(21)
    expect(await server.metric('reprise_message_copies_total', 'result="failed"')).toBeGreaterThan(15)
    await expect.poll(() => server.output(), { timeout: 10_000 }).toMatch(/"level":"warn".*REDIS_URL/)
    await redis.restart({ empty: true })
    // A graceful stop would give the hanging call its time.
    await server.kill('SIGKILL')
  })

  it('C4 with Vertex AI: model multimodalembedding@001, 1408 numbers of valid JSON, one row a message', async () => {
    await using vertex = await startVertexServer({ project: 'a-project', location: 'europe-west4' })
    await sql(postgres.url, 'DELETE FROM reprise_outbox')
    await using server = await startReprise({
      DATABASE_URL: postgres.url,
      EMBEDDER: 'vertex',
      EMBEDDER_BASE_URL: vertex.url,
      GOOGLE_CLOUD_PROJECT: 'a-project',
      GOOGLE_CLOUD_LOCATION: 'europe-west4',
      GOOGLE_APPLICATION_CREDENTIALS: vertex.keyFile,
    })
    const saved = [await say(server.url, 'c4', 'A first message'), await say(server.url, 'c4', 'A second one')]
    const rows = () =>
      sql(
        postgres.url,
        `SELECT text_chunk, embedding::text AS json, embedding_dim, embedding_model, truncated,
                json_typeof(embedding) AS type, json_array_length(embedding) AS numbers
         FROM cache_embeddings WHERE conversation_id = $1 ORDER BY text_chunk`,
        [saved[0]?.conversation_id],
      )
    await expect.poll(rows, { timeout: 10_000 }).toHaveLength(2)
    for (const [index, row] of (await rows()).entries()) {
      expect(row).toMatchObject({
        text_chunk: ['A first message', 'A second one'][index],
        embedding_dim: 1408,
        embedding_model: 'multimodalembedding@001',
        type: 'array',
        numbers: 1408,
      })
      expect(JSON.parse(String(row['json']))).toHaveLength(1408)
    }
    expect(vertex.tokensGiven).toBe(1)
  })

  it('A7 PostgreSQL away: POST is refused with Retry-After, GET answers the Redis copy, marked stale, and counts a hit', async () => {
    await using server = await startReprise({
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      EMBEDDER: 'none',
    })
    await say(server.url, 'a7', 'kept in Redis')
    await untilCopied(server.url, 'a7')
    const hits = () => server.metric('reprise_history_reads_total', 'outcome="hit"')
    const before = await hits()
    await postgres.kill('SIGQUIT')
    const refused = await post(`${server.url}/v1/guest/chat/a7`, { role: 'user', content: 'not now' })
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    // The first to notice may be the one whose statement was on its way.
    expect(await jsonOf(refused)).toMatchObject({
      code: expect.stringMatching(/^(database_unavailable|outcome_unknown)$/),
    })
    const read = await fetch(`${server.url}/v1/guest/chat/a7`)
    expect(read.headers.get('x-reprise-stale')).toBe('true')
    expect(read.headers.get('x-reprise-source')).toBe('redis')
    expect(await read.json()).toMatchObject([{ content: 'kept in Redis' }])
    expect((await fetch(`${server.url}/v1/guest/chat/a7-unknown`)).status).toBe(503)
    expect((await fetch(`${server.url}/v1/guest/chat/a7`, { method: 'DELETE' })).status).toBe(503)
    expect(await hits()).toBe(before + 1)
    await postgres.restart()
    const again = async () => (await fetch(`${server.url}/v1/guest/chat/a7`)).headers.get('x-reprise-stale')
    await expect.poll(again, { timeout: 10_000 }).toBeNull()
    expect(await contentsOf(server.url, 'a7')).toEqual(['kept in Redis'])
  })
})
