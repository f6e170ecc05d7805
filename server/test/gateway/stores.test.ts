import { readFile } from 'node:fs/promises'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { type ModelServer, startModelServer } from '../../src/demo/model-server.ts'
import { sql } from '../contract/deployment.ts'
import { redisCli } from '../contract/redis-cli.ts'
import { jsonOf, post } from '../http/exchange.ts'

const jwtSecret = 'a shared secret of thirty-two bytes or more'
const prices = JSON.stringify({ 'gpt-4o-mini': { input: 1_000, output: 2_000 } })

describeWith(['postgres', 'redis-server', 'redis-cli'], 'what the gateway keeps', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  let model: ModelServer
  beforeAll(async () => {
    ;[postgres, redis, model] = await Promise.all([
      startPostgres({ settings: { fsync: 'off' } }),
      startRedis(),
      startModelServer({ delays: { firstMs: 20, tokenMs: 0 } }),
    ])
  })
  afterAll(async () => {
    await model?.close()
    await Promise.all([postgres?.stop(), redis?.stop()])
  })

  const start = (settings: Readonly<Record<string, string>> = {}) =>
    startReprise({
      ...{ DATABASE_URL: postgres.url, UPSTREAM_BASE_URL: model.url, JWT_SECRET: jwtSecret, MODEL_PRICES: prices },
      ...{ UPSTREAM_API_KEY: 'sk-server', EMBEDDER: 'none' },
      ...settings,
    })
  const bodyOf = (text: string) => ({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: text }] })
  const ask = async (url: string, text: string, credential: string) => {
    const answer = await post(`${url}/v1/chat/completions`, bodyOf(text), { authorization: `Bearer ${credential}` })
    const [state, reason] = [answer.headers.get('x-reprise-cache'), answer.headers.get('x-reprise-reason')]
    return { status: answer.status, state, reason, answer: await jsonOf<object>(answer), headers: answer.headers }
  }
  const tokenOf = (subject: string) =>
    new SignJWT({ sub: subject })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(jwtSecret))

  it('C3 D1 an answer that was paid for once survives a restart and the loss of Redis, for every server', async () => {
    const first = await start({ REDIS_URL: redis.url })
    const made = await ask(first.url, 'survives?', 'sk-caller')
    expect(made).toMatchObject({ status: 200, state: 'miss' })
    await using second = await start({ REDIS_URL: redis.url })
    await expect.poll(() => ask(second.url, 'survives?', 'sk-caller')).toMatchObject({ state: 'hit', reason: 'redis' })
    await first.stop()
    await redisCli(redis.url, 'FLUSHALL')
    // Another process, without Redis and without an upstream.
    await using third = await start({ UPSTREAM_BASE_URL: '' })
    const found = await ask(third.url, 'survives?', 'sk-caller')
    expect(found).toMatchObject({ state: 'hit', reason: 'durable', answer: made.answer })
    expect(await ask(third.url, 'new', 'sk-caller')).toMatchObject({
      status: 503,
      answer: { code: 'upstream_missing' },
    })
    expect(await ask(third.url, 'survives?', 'sk-other')).toMatchObject({ status: 503 })
  })

  it('C3 a row says what was asked and answered, what it cost, and counts its hits', async () => {
    {
      await using server = await start()
      for (const _ of [1, 2, 3]) await ask(server.url, 'in a row', 'sk-row')
    }
    const [row] = await sql(
      postgres.url,
      `SELECT model, request, response, prompt_tokens, completion_tokens, cost_usd::float8 AS cost, generation_ms,
         hit_count, expires_at > now() AS serves, length(prompt_hash) AS hash FROM prompt_cache
       WHERE request::text LIKE '%in a row%'`,
    )
    const { prompt_tokens: prompt, completion_tokens: completion } = row ?? {}
    expect(row).toMatchObject({ model: 'gpt-4o-mini', hit_count: 2, serves: true, hash: 64 })
    expect(row?.['request']).toMatchObject({ messages: [{ content: 'in a row' }] })
    expect(row?.['response']).toMatchObject({ object: 'chat.completion' })
    expect(row?.['generation_ms']).toBeGreaterThan(10)
    expect(row?.['cost']).toBeCloseTo((Number(prompt) * 1_000 + Number(completion) * 2_000) / 1e6, 8)
  })

  it('C7 C8 C9 a user’s answer is generated content of the user, linked, and accounted', async () => {
    {
      await using server = await start()
      const ann = await tokenOf('ann')
      expect(await ask(server.url, 'for ann', ann)).toMatchObject({ state: 'miss' })
      // Another token of the same user is the same caller; another user is not.
      const again = await new SignJWT({ sub: 'ann', n: 1 })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('9m')
        .sign(new TextEncoder().encode(jwtSecret))
      await expect.poll(() => ask(server.url, 'for ann', again)).toMatchObject({ state: 'hit' })
      expect(await ask(server.url, 'for ann', await tokenOf('bob'))).toMatchObject({ state: 'miss' })
      // The token stays here; the server's own key goes on.
      expect(model.requests.at(-1)?.headers['authorization']).toBe('Bearer sk-server')
      const refused = await ask(server.url, 'for ann', `${ann}x`)
      expect(refused).toMatchObject({ status: 401, answer: { code: 'not_authorized' } })
    }
    const linked = await sql(
      postgres.url,
      `SELECT g.user_id, g.model, g.content = p.response->'choices'->0->'message'->>'content' AS same, m.cache_type,
         m.cache_backend, m.content_backend, m.is_synced
       FROM generated_content g JOIN cache_content_mapping m ON m.content_id = g.id
       JOIN prompt_cache p ON p.id = m.cache_id WHERE g.user_id IN ('ann', 'bob') ORDER BY g.user_id`,
    )
    const link = {
      cache_type: 'generated',
      cache_backend: 'postgresql',
      content_backend: 'postgresql',
      is_synced: true,
    }
    expect(linked).toEqual(['ann', 'bob'].map(user_id => ({ ...link, user_id, model: 'gpt-4o-mini', same: true })))
    const rows = await sql(
      postgres.url,
      `SELECT user_id, tier, total_requests, cache_hits, cache_misses FROM usage_metrics
       WHERE user_id IN ('ann', 'bob') ORDER BY user_id`,
    )
    expect(rows).toMatchObject([
      { user_id: 'ann', tier: 'user', total_requests: 2, cache_hits: 1, cache_misses: 1 },
      { user_id: 'bob', tier: 'user', total_requests: 1, cache_hits: 0, cache_misses: 1 },
    ])
    const holders = await sql(postgres.url, `SELECT user_id FROM usage_metrics WHERE tier = 'api'`)
    expect(holders.length).toBeGreaterThan(0)
    for (const { user_id } of holders) expect(user_id).toMatch(/^t_[\w-]{22}$/)
  })

  it('C5 the time that models took stands in the hour', async () => {
    const [hour] = await sql(
      postgres.url,
      'SELECT avg_generation_time, generation_count FROM cache_metrics ORDER BY recorded_at DESC LIMIT 1',
    )
    expect(hour?.['generation_count']).toBeGreaterThan(2)
    expect(hour?.['avg_generation_time']).toBeGreaterThan(10)
  })

  it('no credential, and no answer, stands in the database’s keys or the log', async () => {
    await using server = await start({ LOG_LEVEL: 'trace' })
    await ask(server.url, 'a private question', 'sk-a-very-secret-key')
    const keys = await sql(postgres.url, `SELECT cache_key, tenant_id FROM prompt_cache`)
    expect(JSON.stringify(keys)).not.toContain('secret-key')
    expect(server.output()).not.toMatch(/secret-key|private question/)
    expect(await readFile(new URL('../../prices.json', import.meta.url), 'utf8')).not.toContain('sk-')
  })

  it('D8 with ENABLE_CACHE=false every call still works, and nothing is kept', async () => {
    await using server = await start({ ENABLE_CACHE: 'false', REDIS_URL: redis.url })
    for (const _ of [1, 2]) {
      const { status, state, reason } = await ask(server.url, 'uncached', 'sk-caller')
      expect([status, state, reason]).toEqual([200, 'bypass', 'disabled'])
    }
    expect(model.requests.filter(({ text }) => text.includes('uncached'))).toHaveLength(2)
    expect(await jsonOf(post(`${server.url}/v1/cache/invalidate`, { tag: 'x' }))).toEqual({ removed: 0 })
    expect(await sql(postgres.url, `SELECT id FROM prompt_cache WHERE request::text LIKE '%uncached%'`)).toEqual([])
  })

  it('D1 with PostgreSQL away, answers in memory are served and new ones are passed on', async () => {
    await using server = await start()
    await ask(server.url, 'before', 'sk-away')
    await postgres.stop()
    expect(await ask(server.url, 'before', 'sk-away')).toMatchObject({ state: 'hit', reason: 'memory' })
    expect(await ask(server.url, 'meanwhile', 'sk-away')).toMatchObject({ status: 200, state: 'miss' })
    expect(await ask(server.url, 'meanwhile', 'sk-away')).toMatchObject({ status: 200, state: 'hit' })
  })
})
