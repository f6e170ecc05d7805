import assert from 'node:assert/strict'
import { RepriseError } from '../base/reprise-error.ts'
import type { Embedder } from '../ports/embedder.ts'
import { type ContractCase, promisesOf } from './contract-case.ts'

/**
 * What every embedder promises. `open` gives a fresh one; its model has to be there and in good health.
 * @example for (const { name, run } of embedderSuite(async () => hashEmbedder())) test(name, run)
 */
export function embedderSuite(open: () => Promise<Embedder>): readonly ContractCase[] {
  const promise = promisesOf(open)
  const embed = (embedder: Embedder, ...texts: string[]) => embedder.embed(texts, AbortSignal.timeout(20_000))

  return [
    promise('names its model and takes at least one text a call', async embedder => {
      assert.notEqual(embedder.model, '')
      assert.ok(Number.isInteger(embedder.maxBatch) && embedder.maxBatch >= 1, `maxBatch is ${embedder.maxBatch}`)
    }),
    promise('gives one vector a text, all of one length, finite and not all zeros', async embedder => {
      const texts = Array.from({ length: embedder.maxBatch }, (_, index) => `message number ${index}`)
      const embeddings = await embed(embedder, ...texts)
      assert.equal(embeddings.length, texts.length)
      for (const { vector } of embeddings) {
        assert.equal(vector.length, embeddings[0]?.vector.length)
        assert.ok(vector.every(Number.isFinite), 'every number is finite')
        assert.ok(
          vector.some(number => number !== 0),
          'some number is not zero',
        )
      }
    }),
    promise('keeps the order of the texts', async embedder => {
      const texts = ['the cat sat on the mat', 'invoices are due in thirty days', 'rain is expected tomorrow']
      const asked = texts.slice(0, embedder.maxBatch)
      const together = await embed(embedder, ...asked)
      for (const [index, text] of asked.entries()) {
        const [alone] = await embed(embedder, text)
        assert.ok(alone !== undefined)
        assert.ok(similarity(together[index]?.vector, alone.vector) > 0.999, `text ${index} has its own vector`)
      }
    }),
    promise('gives the same text the same vector', async embedder => {
      const [first] = await embed(embedder, 'what time does the shop open?')
      const [second] = await embed(embedder, 'what time does the shop open?')
      assert.ok(similarity(first?.vector, second?.vector) > 0.999)
    }),
    promise('takes what people write: emoji, scripts, quotes, line breaks, punctuation alone', async embedder => {
      for (const text of ['👩‍👩‍👧 🇪🇺', 'こんにちは世界', '"a\\b"\n\t', '…?!', 'e\u0301', '\u202eabc'])
        assert.equal((await embed(embedder, text)).length, 1, JSON.stringify(text))
    }),
    promise('answers no texts with no vectors', async embedder => {
      assert.deepEqual(await embed(embedder), [])
    }),
    promise('gives up when its signal is aborted, with embedding_failed', async embedder => {
      const failure = await embedder.embed(['too late'], AbortSignal.abort()).then(
        () => undefined,
        (error: unknown) => error,
      )
      assert.ok(failure instanceof RepriseError, `it threw ${String(failure)}`)
      assert.equal(failure.code, 'embedding_failed')
      assert.equal(failure.permanent, false)
    }),
  ]
}

function similarity(one: Float32Array | undefined, other: Float32Array | undefined): number {
  if (one === undefined || other === undefined) return Number.NaN
  const product = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, number, index) => sum + number * (b[index] ?? 0), 0)
  return product(one, other) / Math.sqrt(product(one, one) * product(other, other))
}
