import { hashEmbedder } from 'reprise/embedders'
import { embedderSuite } from 'reprise/testing'
import { describe, expect, it } from 'vitest'

const embed = async (...texts: string[]) => {
  const embeddings = await hashEmbedder().embed(texts, AbortSignal.timeout(20_000))
  return embeddings.map(({ vector }) => vector)
}
const similarity = (a: Float32Array | undefined, b: Float32Array | undefined) =>
  (a ?? new Float32Array()).reduce((sum, number, index) => sum + number * (b?.[index] ?? 0), 0)

describe('the hash embedder', () => {
  for (const { name, run } of embedderSuite(async () => hashEmbedder())) it(name, run)

  it('is named after its dimensions', async () => {
    expect(hashEmbedder().model).toBe('hash-256')
    const small = hashEmbedder({ dimensions: 64 })
    expect(small.model).toBe('hash-64')
    const [embedding] = await small.embed(['hello'], AbortSignal.timeout(1_000))
    expect(embedding?.vector.length).toBe(64)
  })

  it('gives a vector of length 1 to texts that look empty', async () => {
    for (const text of ['', ' ', '\n\t', '...', '?!?!', '—', '\u200b', '🙂', '\ud800']) {
      const [vector] = await embed(text)
      expect(similarity(vector, vector), JSON.stringify(text)).toBeCloseTo(1, 5)
    }
  })

  it('gives every machine the same numbers', async () => {
    const [vector] = await embed('I need a table for two at 7 pm.')
    const largest = [...(vector ?? [])]
      .map((number, index) => [index, number] as const)
      .filter(([, n]) => Math.abs(n) > 0.2)
    expect(largest).toMatchInlineSnapshot(`
      [
        [
          27,
          -0.28942984342575073,
        ],
        [
          92,
          0.28942984342575073,
        ],
        [
          101,
          0.28942984342575073,
        ],
        [
          129,
          0.28942984342575073,
        ],
        [
          147,
          -0.28942984342575073,
        ],
        [
          174,
          -0.28942984342575073,
        ],
        [
          204,
          -0.28942984342575073,
        ],
        [
          226,
          -0.3617872893810272,
        ],
        [
          252,
          0.28942984342575073,
        ],
      ]
    `)
  })

  it('brings texts close that share words, and parts those that do not', async () => {
    const [asked, same, near, far] = await embed(
      'What time does the museum open on Sunday?',
      'what time does the museum open on sunday',
      'What time does the museum close on Sunday?',
      'Please send me the invoice again, thanks',
    )
    expect(similarity(asked, same)).toBeCloseTo(1, 5)
    expect(similarity(asked, near)).toBeGreaterThan(0.7)
    expect(similarity(asked, far)).toBeLessThan(0.3)
  })

  it('lets others take their turn while it reads long texts', async () => {
    let reading = true
    let turns = 0
    const count = () => {
      turns += 1
      if (reading) setImmediate(count)
    }
    setImmediate(count)
    await embed('lorem ipsum dolor sit amet '.repeat(10_000), 'x'.repeat(262_144))
    reading = false
    expect(turns).toBeGreaterThan(100)
  })
})
