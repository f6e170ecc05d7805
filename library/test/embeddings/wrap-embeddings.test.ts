import { createClient } from '@redis/client'
import fc from 'fast-check'
import { createCache } from 'reprise'
import { wrapEmbeddings } from 'reprise/embeddings'
import { redis } from 'reprise/redis'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { connected } from '../adapters/connected.ts'
import { numbersOf } from '../embedders/embedding-server.ts'

const cache = createCache({ name: 'embeddings-test' })
afterAll(() => cache.close())

let models = 0
/** A model that notes what it is asked; each test has a model of its own name. */
function recording(dimensions = 4) {
  const calls: string[][] = []
  const embed = async (texts: string[]): Promise<number[][]> => {
    calls.push([...texts])
    return texts.map(text => numbersOf(text, dimensions))
  }
  models += 1
  return { calls, embed, name: `model-${models}` }
}

describe('D4 a wrapped embedding model', () => {
  test('D4 a batch asks the model only for the texts that are not cached', async () => {
    const { calls, embed, name } = recording()
    const cached = wrapEmbeddings(embed, { cache, model: name })
    await cached(['one', 'two'])
    expect(await cached(['three', 'one', 'four', 'two'])).toEqual(
      ['three', 'one', 'four', 'two'].map(text => numbersOf(text, 4)),
    )
    expect(calls).toEqual([
      ['one', 'two'],
      ['three', 'four'],
    ])
  })

  test('D4 for any batches in any order, each text is asked for once and answers keep their order', async () => {
    const text = fc.oneof(fc.constantFrom('a', 'b', 'c', ' a', 'A', ''), fc.string({ unit: 'binary', maxLength: 5 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(text, { maxLength: 12 }), { maxLength: 6 }),
        fc.boolean(),
        async (batches, atOnce) => {
          const { calls, embed, name } = recording()
          const cached = wrapEmbeddings(embed, { cache, model: name })
          const answers: number[][][] = []
          if (atOnce) answers.push(...(await Promise.all(batches.map(batch => cached(batch)))))
          else for (const batch of batches) answers.push(await cached(batch))
          expect(answers).toEqual(batches.map(batch => batch.map(each => numbersOf(each, 4))))
          const asked = calls.flat()
          expect(asked.toSorted()).toEqual([...new Set(batches.flat())].toSorted())
          expect(calls.every(call => call.length > 0)).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('the type is kept: functions, objects with members of their own, further arguments', async () => {
    class Model {
      readonly dimensions = 3
      readonly #asked: string[] = []
      asked(): number {
        return this.#asked.length
      }
      async embed(texts: readonly string[], options?: { purpose: 'query' | 'document' }): Promise<Float32Array[]> {
        this.#asked.push(...texts)
        return texts.map(text => Float32Array.from(numbersOf(`${options?.purpose}${text}`, this.dimensions)))
      }
    }
    const cached = wrapEmbeddings(new Model(), { cache, model: 'class-model' })
    expectTypeOf(cached).toEqualTypeOf<Model>()
    const [vector] = await cached.embed(['text'], { purpose: 'query' })
    expect(vector).toEqual(Float32Array.from(numbersOf('querytext', 3)))
    expect((await cached.embed(['text'], { purpose: 'query' }))[0]).toEqual(vector)
    expect(cached.asked()).toBe(1)
    expect((await cached.embed(['text'], { purpose: 'document' }))[0]).not.toEqual(vector)
    expect(cached.asked()).toBe(2)
    expect(cached.dimensions).toBe(3)

    const embed = async (texts: string[]) => texts.map(text => numbersOf(text, 4))
    expectTypeOf(wrapEmbeddings(embed, { cache, model: 'f' })).toEqualTypeOf<typeof embed>()
  })

  test('texts, tokens, models and dimensions never share an embedding', async () => {
    const calls: unknown[] = []
    const model = async (inputs: readonly (string | number[])[]) => {
      calls.push(...inputs)
      return inputs.map(input => numbersOf(JSON.stringify(input), 4))
    }
    const inputs = ['[1,2]', [1, 2], '1,2', [12], '12', '\ud800', '\udfff', '\ufffd']
    const one = wrapEmbeddings(model, { cache, model: 'apart-1' })
    const expected = inputs.map(input => numbersOf(JSON.stringify(input), 4))
    expect(await one(inputs)).toEqual(expected)
    expect(await one(inputs.toReversed())).toEqual(expected.toReversed())
    expect(calls).toHaveLength(inputs.length)
    await wrapEmbeddings(model, { cache, model: 'apart-2' })(inputs)
    await wrapEmbeddings(model, { cache, model: 'apart-1', dimensions: 4 })(inputs)
    expect(calls).toHaveLength(3 * inputs.length)
  })

  test('what a caller does to its vector changes nothing for others', async () => {
    const { embed, name } = recording()
    const cached = wrapEmbeddings(embed, { cache, model: name })
    const [first] = await cached(['text'])
    first?.fill(7)
    expect(await cached(['text'])).toEqual([numbersOf('text', 4)])
  })

  test('errors reach all callers, and nothing is kept', async () => {
    let down = true
    let calls = 0
    const cached = wrapEmbeddings(
      async (texts: string[]) => {
        calls += 1
        await Promise.resolve()
        if (down) throw new TypeError('model is down')
        return texts.map(text => numbersOf(text, 4))
      },
      { cache, model: 'failing' },
    )
    const failures = await Promise.allSettled([cached(['a', 'b']), cached(['b'])])
    for (const failure of failures) expect(failure).toMatchObject({ reason: new TypeError('model is down') })
    expect(calls).toBe(1)
    down = false
    expect(await cached(['a', 'b'])).toEqual([numbersOf('a', 4), numbersOf('b', 4)])
  })

  test.each([
    ['an empty vector', [[]], 'empty'],
    ['a number that is none', [[1, Number.NaN]], 'not finite'],
    ['a number past float32', [[1e39]], 'not finite'],
    ['text for a number', [['1']], 'no number'],
    ['no vector', [null], 'lacks a vector'],
    ['too few vectors', [], '0 vectors for 1 inputs'],
    ['something else', 'vectors', 'no list of vectors'],
  ])('%s is refused and not kept', async (_, answer, message) => {
    const { embed, name } = recording()
    const bad = wrapEmbeddings(async (_texts: string[]) => answer as number[][], { cache, model: name })
    await expect(bad(['text'])).rejects.toMatchObject({
      code: 'embedding_failed',
      message: expect.stringContaining(message),
    })
    expect(await wrapEmbeddings(embed, { cache, model: name })(['text'])).toEqual([numbersOf('text', 4)])
  })

  test('vectors of a wrong length are refused: within an answer, after the first, beside `dimensions`', async () => {
    const lengths = [4, 4, 5]
    const cached = wrapEmbeddings(async (texts: string[]) => texts.map(text => numbersOf(text, lengths.shift() ?? 4)), {
      cache,
      model: 'lengths',
    })
    await cached(['a', 'b'])
    await expect(cached(['c'])).rejects.toThrow('a vector has 5 dimensions where 4 were expected')
    const strict = wrapEmbeddings(recording().embed, { cache, model: 'strict', dimensions: 3 })
    await expect(strict(['a'])).rejects.toThrow('a vector has 4 dimensions where 3 were expected')
  })

  test('a batch past what the model takes is sent in parts', async () => {
    const { calls, embed, name } = recording()
    const cached = wrapEmbeddings(embed, { cache, model: name, maxBatch: 2 })
    await cached(['a', 'b', 'c', 'a', 'd', 'e'])
    expect(calls).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  test('refuses options that it does not know', () => {
    const { embed } = recording()
    // @ts-expect-error misspelt
    expect(() => wrapEmbeddings(embed, { cache, model: 'm', dimension: 3 })).toThrow('Did you mean "dimensions"?')
    expect(() => wrapEmbeddings(embed, { cache, model: '' })).toThrow('model must be the name of the model')
  })
})

describeWith(['redis-server'], 'embeddings in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('D4 numbers take four bytes each in Redis, and no text stands in a key', async () => {
    const shared = createCache({ name: 'shared', memory: false, redis: redis({ url: server.url }) })
    await expect.poll(() => shared.stats().bus).toBe('listening')
    const { calls, embed, name } = recording(384)
    const first = await wrapEmbeddings(embed, { cache: shared, model: name })(['a secret thought'])
    const client = await createClient({ url: server.url })
      .on('error', () => {})
      .connect()
    // What was loaded is written behind its answer.
    const ours = async () => (await client.keys('*embeddings:*')).filter(key => key.includes(name))
    await expect.poll(ours).toHaveLength(1)
    const keys = await ours()
    expect(keys).toHaveLength(1)
    expect(keys.join()).not.toContain('secret')
    const bytes = await client.strLen(keys[0] ?? '')
    client.destroy()
    expect(bytes).toBeGreaterThanOrEqual(4 * 384)
    expect(bytes).toBeLessThan(4 * 384 + 200)
    await shared.close()

    const elsewhere = createCache({ name: 'shared', redis: redis({ url: server.url }) })
    await connected(elsewhere)
    expect(await wrapEmbeddings(embed, { cache: elsewhere, model: name })(['a secret thought'])).toEqual(first)
    expect(calls).toHaveLength(1)
    await elsewhere.close()
  })
})
