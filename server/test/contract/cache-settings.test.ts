import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { type ModelServer, startModelServer } from '../../src/demo/model-server.ts'
import { jsonOf, post } from '../http/exchange.ts'

interface Stats {
  readonly caches: Readonly<Record<string, { readonly entries: number; readonly max_entries: number | null }>>
}

interface Keys {
  readonly keys: readonly { readonly tiers: readonly { readonly fresh_for_ms: number | null }[] }[]
}

const caller = { authorization: 'Bearer sk-caller' }

describe('the settings of caches, at a running server', () => {
  let model: ModelServer
  let server: RepriseServer
  beforeAll(async () => {
    model = await startModelServer()
    server = await startReprise({
      ENABLE_CACHE: 'true',
      UPSTREAM_BASE_URL: model.url,
      AI_CACHE_ENTRIES: '20',
      AI_CACHE_TTL: '40',
      EMBEDDINGS_CACHE_ENTRIES: '30',
      EMBEDDINGS_CACHE_TTL: '50',
      RAG_CACHE_ENTRIES: '7',
      DB_CACHE_ENTRIES: '9',
      LOG_LEVEL: 'debug',
    })
  })
  afterAll(() => Promise.all([server.stop(), model.close()]))

  const ask = async (content: string) => {
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content }] }
    await (await post(`${server.url}/v1/chat/completions`, body, caller)).arrayBuffer()
  }
  const embed = async (input: readonly string[]) => {
    const body = { model: 'text-embedding-3-small', input }
    await (await post(`${server.url}/v1/embeddings`, body, caller)).arrayBuffer()
  }
  const freshFor = async (cache: string): Promise<readonly number[]> => {
    const { keys } = await jsonOf<Keys>(fetch(`${server.url}/api/cache/keys?cache=${cache}`))
    return keys.flatMap(({ tiers }) => tiers.flatMap(({ fresh_for_ms }) => fresh_for_ms ?? []))
  }

  it('D6 each cache has the size that is set, and never grows past it', async () => {
    const { caches } = await jsonOf<Stats>(fetch(`${server.url}/api/cache/stats`))
    const sizes = Object.fromEntries(Object.entries(caches).map(([name, { max_entries }]) => [name, max_entries]))
    expect(sizes).toMatchObject({ ai: 20, embeddings: 30, rag: 7, db: 9 })
    for (let count = 0; count < 40; count += 1) await ask(`question ${count}`)
    await embed(Array.from({ length: 40 }, (_, count) => `text ${count}`))
    const kept = async () => (await jsonOf<Stats>(fetch(`${server.url}/api/cache/stats`))).caches
    await expect.poll(async () => (await kept())['embeddings']?.entries).toBeGreaterThan(20)
    expect((await kept())['embeddings']?.entries).toBeLessThanOrEqual(30)
    expect((await kept())['ai']?.entries).toBeGreaterThan(10)
    expect((await kept())['ai']?.entries).toBeLessThanOrEqual(20)
  })

  it('D6 D8 what is kept stays fresh for the time that is set', async () => {
    await ask('How long?')
    await embed(['how long?'])
    await expect.poll(() => freshFor('ai')).not.toEqual([])
    for (const ms of await freshFor('ai')) expect(ms).toBeLessThanOrEqual(40_000)
    expect(Math.max(...(await freshFor('embeddings')))).toBeGreaterThan(40_000)
    for (const ms of await freshFor('embeddings')) expect(ms).toBeLessThanOrEqual(50_000)
  })

  it('E4 with LOG_LEVEL=debug each cache operation leaves a line, without keys and prompts; with info none does', async () => {
    await ask('words that are nobody’s business')
    await ask('words that are nobody’s business')
    const ofCache = (text: string) =>
      text.split('\n').filter(line => /"cache":"ai"/.test(line) && /"level":"debug"/.test(line))
    await expect.poll(() => ofCache(server.output()).join('\n')).toMatch(/hit/)
    expect(ofCache(server.output()).join('\n')).toMatch(/miss/)
    expect(server.output()).not.toContain('nobody’s business')

    await using quiet = await startReprise({ ENABLE_CACHE: 'true', UPSTREAM_BASE_URL: model.url, LOG_LEVEL: 'info' })
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'quiet' }] }
    for (const _ of [1, 2]) await (await post(`${quiet.url}/v1/chat/completions`, body, caller)).arrayBuffer()
    await sleep(0)
    expect(ofCache(quiet.output())).toEqual([])
  })
})
