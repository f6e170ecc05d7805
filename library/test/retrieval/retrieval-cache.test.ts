import { type Clock, createCache, systemClock } from 'reprise'
import { defaultControls, type LlmCall, llmCache } from 'reprise/llm'
import { redis } from 'reprise/redis'
import { type RetrievalQuery, retrievalCache } from 'reprise/retrieval'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { startRedis } from '../../../testbed/servers/redis.ts'

interface Page {
  readonly id: string
  readonly text: string
}

let ahead = 0
const clock: Clock = { ...systemClock, now: () => Date.now() + ahead }

/** An index that counts how often it was asked. */
function corpus(pages: Record<string, string>) {
  const world = { asked: 0, pages, fails: false }
  const search = async ({ query, k = 10 }: RetrievalQuery): Promise<Page[]> => {
    world.asked += 1
    if (world.fails) throw new Error('the index is down')
    return Object.entries(world.pages)
      .filter(([, text]) => text.includes(String(query)))
      .slice(0, k)
      .map(([id, text]) => ({ id, text }))
  }
  return { world, search }
}

describe('D3 retrievals', () => {
  let cache: ReturnType<typeof createCache>
  beforeEach(() => {
    ahead = 0
    cache = createCache({ name: 'rag', clock })
  })
  afterEach(() => cache.close())

  test('D3 are cached by themselves for 1800 s', async () => {
    const rag = retrievalCache<Page>(cache)
    const { world, search } = corpus({ a: 'opens at nine' })
    const found = await rag.retrieve({ query: 'opens' }, search)
    expectTypeOf(found).toEqualTypeOf<readonly Page[]>()
    expect(found).toEqual([{ id: 'a', text: 'opens at nine' }])
    ahead += 1_799_000
    await rag.retrieve({ query: 'opens' }, search)
    expect(world.asked).toBe(1)
    ahead += 2_000
    await rag.retrieve({ query: 'opens' }, search)
    expect(world.asked).toBe(2)
  })

  test('differ by query, filters, k and version of the corpus, not by the order of filters', async () => {
    const rag = retrievalCache<Page>(cache)
    const { world, search } = corpus({})
    const different: RetrievalQuery[] = [
      { query: 'a' },
      { query: 'b' },
      { query: [0.1, 0.2] },
      { query: [0.1, 0.3] },
      { query: 'a', k: 1 },
      { query: 'a', k: 2 },
      { query: 'a', filters: { lang: 'en', year: 2026 } },
      { query: 'a', filters: { lang: 'de', year: 2026 } },
      { query: 'a', corpusVersion: 1 },
      { query: 'a', corpusVersion: '1' },
    ]
    for (const asked of different) await rag.retrieve(asked, search)
    expect(world.asked).toBe(different.length)
    await rag.retrieve({ query: 'a', filters: { year: 2026, lang: 'en' } }, search)
    await rag.retrieve({ query: Float32Array.of(0.1, 0.2) }, search)
    expect(world.asked).toBe(different.length)
  })

  test('share one retrieval among callers of one query', async () => {
    const rag = retrievalCache<Page>(cache)
    const { world, search } = corpus({ a: 'x' })
    const cached = rag.wrap(search)
    const all = await Promise.all(Array.from({ length: 20 }, () => cached({ query: 'x' })))
    expect([world.asked, all.length]).toEqual([1, 20])
  })

  test('go with any document that they answered, and no others', async () => {
    const rag = retrievalCache<Page>(cache)
    const { world, search } = corpus({ a: 'x one', b: 'x two', c: 'y three' })
    await rag.retrieve({ query: 'x' }, search)
    await rag.retrieve({ query: 'y' }, search)
    world.pages = { ...world.pages, b: 'x changed' }
    await rag.invalidateDocuments(['b'])
    expect((await rag.retrieve({ query: 'x' }, search))[1]?.text).toBe('x changed')
    await rag.retrieve({ query: 'y' }, search)
    expect(world.asked).toBe(3)
  })

  test('of hundreds of documents go with each of them', async () => {
    const rag = retrievalCache<Page>(cache)
    const { world, search } = corpus(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`page-${n}`, 'x'])))
    const asked = { query: 'x', k: 300 }
    expect(await rag.retrieve(asked, search)).toHaveLength(300)
    for (const id of ['page-0', 'page-150', 'page-299']) {
      const before = world.asked
      await rag.invalidateDocuments([id])
      await rag.retrieve(asked, search)
      expect(world.asked).toBe(before + 1)
    }
  })

  test('that run while a document is invalidated are not kept', async () => {
    const rag = retrievalCache<Page>(cache)
    let release = () => {}
    const first = rag.retrieve({ query: 'x' }, async () => {
      await new Promise<void>(resolve => {
        release = resolve
      })
      return [{ id: 'a', text: 'old' }]
    })
    await new Promise(resolve => setTimeout(resolve, 10))
    await rag.invalidateDocuments(['a'])
    release()
    expect((await first)[0]?.text).toBe('old')
    expect((await rag.retrieve({ query: 'x' }, () => [{ id: 'a', text: 'new' }]))[0]?.text).toBe('new')
  })

  test('serve what they had when the retriever fails, as long as staleIfError says', async () => {
    const rag = retrievalCache<Page>(cache, { ttl: '1m', staleIfError: '1h' })
    const { world, search } = corpus({ a: 'x' })
    await rag.retrieve({ query: 'x' }, search)
    ahead += 61_000
    world.fails = true
    expect(await rag.retrieve({ query: 'x' }, search)).toHaveLength(1)
    await rag.invalidateDocuments(['a'])
    await expect(rag.retrieve({ query: 'x' }, search)).rejects.toThrow('the index is down')
  })

  test('take along the answers that were made from a document', async () => {
    const llm = llmCache({ cache: cache.namespace('llm') })
    const rag = retrievalCache<Page>(cache, { answers: llm })
    let generated = 0
    const body = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'When?' }] }))
    const call: LlmCall = {
      route: 'chat/completions',
      upstream: 'openai',
      tenant: 't',
      body,
      controls: { ...defaultControls, tags: ['document:a'] },
    }
    const ask = async () => {
      const answer = await llm.answer(call, async () => {
        generated += 1
        const choices = [{ index: 0, message: { role: 'assistant', content: 'At nine.' }, finish_reason: 'stop' }]
        const json = JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices })
        const pieces = (async function* () {
          yield Buffer.from(json)
        })()
        return { status: 200, headers: { 'content-type': 'application/json' }, body: pieces }
      })
      await answer.done
      return answer.state
    }
    expect([await ask(), await ask(), generated]).toEqual(['miss', 'hit', 1])
    await rag.invalidateDocuments(['a'])
    expect([await ask(), generated]).toEqual(['miss', 2])
  })

  test('refuse what is no query, and say which field', async () => {
    const rag = retrievalCache<Page>(cache)
    for (const [asked, field] of [
      [{ query: '' }, 'query'],
      [{ query: [] }, 'query'],
      [{ query: [Number.NaN] }, 'query'],
      [{ query: 'a', k: 0 }, 'k'],
      [{ query: 'a', filters: { at: new Date() } }, 'filters'],
      [{ query: 'a', topK: 3 }, 'topK'],
    ] as const) {
      // The last one names what is no field.
      await expect(rag.retrieve(asked as RetrievalQuery, () => [])).rejects.toMatchObject({
        code: 'invalid_option',
        field,
      })
    }
    await expect(rag.retrieve({ query: 'a' }, () => 'none' as unknown as Page[])).rejects.toThrow(/list of documents/)
    await expect(rag.invalidateDocuments('a' as unknown as string[])).rejects.toMatchObject({ field: 'ids' })
    expect(() => retrievalCache(cache, { ttl: 'soon' })).toThrow(/ttl/)
  })
})

test('an invalidated document is not served by another process', async () => {
  await using server = await startRedis()
  const open = () => createCache({ name: 'rag', redis: redis({ url: server.url }) })
  const [one, other] = [open(), open()]
  const { world, search } = corpus({ a: 'x' })
  const [here, there] = [retrievalCache<Page>(one), retrievalCache<Page>(other)]
  await here.retrieve({ query: 'x' }, search)
  await there.retrieve({ query: 'x' }, search)
  expect(world.asked).toBe(1)
  await here.invalidateDocuments(['a'])
  const askThere = async () => {
    await there.retrieve({ query: 'x' }, search)
    return world.asked
  }
  await expect.poll(askThere).toBe(2)
  await Promise.all([one.close(), other.close()])
})
