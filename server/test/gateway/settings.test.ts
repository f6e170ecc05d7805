import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { gatewaySettings } from '../../src/config/gateway-settings.ts'
import { readSettings } from '../../src/config/settings.ts'
import { type ModelServer, startModelServer } from '../../src/demo/model-server.ts'
import { jsonOf, post } from '../http/exchange.ts'
import { type EchoUpstream, startEchoUpstream } from './echo-upstream.ts'

interface CacheStats {
  readonly caches: Readonly<Record<string, { readonly memory?: unknown }>>
}

describe('the settings of the gateway', () => {
  let model: ModelServer
  let echo: EchoUpstream
  /** With each setting at a value of its own. */
  let changed: RepriseServer
  beforeAll(async () => {
    model = await startModelServer()
    echo = await startEchoUpstream((request, response) => {
      // One route never answers.
      if (request.url !== '/v1/silent') response.end(JSON.stringify({ path: request.url }))
    })
    changed = await startReprise({
      UPSTREAM_BASE_URL: model.url,
      UPSTREAM_API_KEY: 'sk-of-the-server',
      UPSTREAMS: JSON.stringify({ echo: { baseUrl: echo.url, models: ['echo-', 'silent'] } }),
      UPSTREAM_TIMEOUT_SECONDS: '1',
      CACHE_TTL_SECONDS: '3',
      AI_CACHE_TTL: '2',
      AI_CACHE_ENTRIES: '3',
      CACHE_SAMPLED: 'false',
      SHARED_NAMESPACES: '{"faq":"*"}',
      MODEL_PRICES: '{"gpt-4o-mini":{"input":1000000,"output":0}}',
      EMBEDDER: 'none',
    })
  })
  afterAll(async () => {
    await changed?.stop()
    await model?.close()
    await echo?.[Symbol.asyncDispose]()
  })

  const ask = async (content: string, { key = 'sk-x', headers = {}, ...body }: Asked = {}) => {
    const asked = { model: 'gpt-4o-mini', temperature: 0, messages: [{ role: 'user', content }], ...body }
    const credential = key === '' ? {} : { authorization: `Bearer ${key}` }
    const answer = await post(`${changed.url}/v1/chat/completions`, asked, { ...credential, ...headers })
    await answer.arrayBuffer()
    return {
      status: answer.status,
      state: answer.headers.get('x-reprise-cache'),
      reason: answer.headers.get('x-reprise-reason'),
    }
  }
  interface Asked {
    readonly key?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly temperature?: number
  }

  /** What shows over the public door that a setting is honoured. */
  const proofs: Readonly<Record<string, () => Promise<void>>> = {
    UPSTREAM_BASE_URL: async () => {
      expect(await ask('to the model')).toMatchObject({ status: 200, state: 'miss' })
      expect(model.requests.at(-1)?.path).toBe('/chat/completions')
    },
    UPSTREAM_API_KEY: async () => {
      await ask('without a key', { key: '' })
      expect(model.requests.at(-1)?.headers['authorization']).toBe('Bearer sk-of-the-server')
      await ask('with a key', { key: 'sk-own' })
      expect(model.requests.at(-1)?.headers['authorization']).toBe('Bearer sk-own')
    },
    UPSTREAMS: async () => {
      const answer = await jsonOf(post(`${changed.url}/v1/moderations`, { model: 'echo-1' }))
      expect(answer).toEqual({ path: '/v1/moderations' })
    },
    UPSTREAM_TIMEOUT_SECONDS: async () => {
      const silent = await post(`${changed.url}/v1/silent`, { model: 'silent' })
      expect(silent.status).toBe(504)
    },
    CACHE_TTL_SECONDS: async () => {
      // Where the answers' own time is not set, this one holds.
      await using server = await startReprise({ UPSTREAM_BASE_URL: model.url, CACHE_TTL_SECONDS: '1' })
      const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'for a second' }] }
      const state = async () =>
        (await post(`${server.url}/v1/chat/completions`, body, { 'x-api-key': 'k' })).headers.get('x-reprise-cache')
      expect(await state()).toBe('miss')
      await expect.poll(state, { timeout: 5_000, interval: 300 }).toBe('miss')
    },
    AI_CACHE_TTL: async () => {
      await ask('for two seconds')
      expect(await ask('for two seconds')).toMatchObject({ state: 'hit' })
      await expect
        .poll(() => ask('for two seconds'), { timeout: 6_000, interval: 300 })
        .toMatchObject({ state: 'miss' })
    },
    AI_CACHE_ENTRIES: async () => {
      for (const n of [1, 2, 3, 4, 5, 6]) await ask(`one of six: ${n}`)
      const { caches } = await jsonOf<CacheStats>(fetch(`${changed.url}/api/cache/stats`))
      expect(JSON.stringify(caches['ai'])).toMatch(/"(?:max_entries|entries)":3\b/)
    },
    CACHE_SAMPLED: async () => {
      expect(await ask('sampled', { temperature: 1 })).toMatchObject({ state: 'bypass', reason: 'sampled' })
      expect(await ask('sampled')).toMatchObject({ state: 'miss' })
      expect(await ask('sampled')).toMatchObject({ state: 'hit' })
    },
    SHARED_NAMESPACES: async () => {
      const headers = { 'x-reprise-namespace': 'faq' }
      expect(await ask('for all', { key: 'sk-a', headers })).toMatchObject({ state: 'miss' })
      expect(await ask('for all', { key: 'sk-b', headers })).toMatchObject({ state: 'hit' })
    },
    MODEL_PRICES: async () => {
      await ask('priced', { key: 'sk-priced' })
      const usage = () =>
        jsonOf<{ readonly month: { readonly cost_usd: number; readonly prompt_tokens: number } }>(
          fetch(`${changed.url}/v1/usage`, { headers: { authorization: 'Bearer sk-priced' } }),
        )
      await expect.poll(async () => (await usage()).month.prompt_tokens).toBeGreaterThan(0)
      const { month } = await usage()
      expect(month.cost_usd).toBe(month.prompt_tokens)
    },
  }

  /** Of caches that no route of the gateway uses: their bounds stand in the figures of the admin API. */
  const ofOtherCaches = ['RAG_CACHE_TTL', 'DB_CACHE_TTL', 'RAG_CACHE_ENTRIES', 'DB_CACHE_ENTRIES']
  const ofEmbeddings = ['EMBEDDINGS_CACHE_TTL', 'EMBEDDINGS_CACHE_ENTRIES']

  it('G every setting of the gateway has its proof', () => {
    const names = Object.values(gatewaySettings).map(setting => setting.name)
    expect([...Object.keys(proofs), ...ofOtherCaches, ...ofEmbeddings].sort()).toEqual(names.sort())
  })

  it.each(Object.keys(proofs))('G %s is honoured', async name => {
    await proofs[name]?.()
  })

  it('D6 the bounds and times of each cache can be set, and have their defaults', () => {
    expect(readSettings({})).toMatchObject({
      ...{ cacheTtlSeconds: 3_600, ragCacheTtl: 1_800, dbCacheTtl: 300 },
      ...{ aiCacheEntries: 2_000, ragCacheEntries: 1_000, dbCacheEntries: 5_000 },
    })
    const set = readSettings({
      RAG_CACHE_TTL: '3600',
      DB_CACHE_TTL: '600',
      RAG_CACHE_ENTRIES: '7',
      DB_CACHE_ENTRIES: '8',
    })
    expect(set).toMatchObject({ ragCacheTtl: 3_600, dbCacheTtl: 600, ragCacheEntries: 7, dbCacheEntries: 8 })
  })

  it('what cannot be read is refused with its place, and never shown', () => {
    const read = (environment: Readonly<Record<string, string>>) => () => readSettings(environment)
    expect(read({ UPSTREAMS: '{' })).toThrow('UPSTREAMS: it is not JSON')
    const keyless = '{"a":{"baseUrl":"ftp://x","apiKey":"sk-private","models":["m"]}}'
    expect(read({ UPSTREAMS: keyless })).toThrow(/UPSTREAMS: at \/a\/baseUrl it .*/)
    expect(read({ UPSTREAMS: keyless })).not.toThrow(/sk-private/)
    expect(read({ MODEL_PRICES: '{"m":{"input":-1,"output":1}}' })).toThrow('MODEL_PRICES: at /m/input')
    expect(read({ SHARED_NAMESPACES: '{"a b":"*"}' })).toThrow('SHARED_NAMESPACES')
    const elsewhere = { HOST: '0.0.0.0', ADMIN_API_KEY: 'k', GUEST_AUTH: 'open', UPSTREAM_API_KEY: 'sk' }
    expect(read(elsewhere)).toThrow('UPSTREAM_API_KEY: HOST=0.0.0.0 can be reached from elsewhere')
    expect(read({ ...elsewhere, JWT_SECRET: 'x'.repeat(32) })).not.toThrow()
  })
})
