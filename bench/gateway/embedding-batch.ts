import { createCache } from 'reprise'
import { wrapEmbeddings } from 'reprise/embeddings'
import { startReprise } from '../../testbed/servers/reprise.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'
import { dimensions, startEmbeddingUpstream } from './embedding-upstream.ts'

const batch = 100
const missing = 10
const callsARound = 20
const bar = 1.2

/** What a batch of a hundred costs of which ninety are kept, beside asking the upstream for the other ten. */
export async function embeddingQuestion({ rounds }: Pick<Effort, 'rounds'>): Promise<Answer> {
  await using upstream = await startEmbeddingUpstream()
  await using server = await startReprise({ UPSTREAM_BASE_URL: upstream.url, EMBEDDER: 'none' })
  const cache = createCache({ name: 'bench' })
  const found = new Map<string, number[]>()
  let made = 0
  const newTexts = (count: number) => {
    made += count
    return Array.from({ length: count }, (_, index) => `a text that nobody has asked for: ${made - index}`)
  }

  /** The answer's bytes: what the caller makes of them is the same for whoever they come from. */
  async function ask(url: string, input: readonly string[], encoding: string): Promise<ArrayBuffer> {
    const response = await fetch(`${url}/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
      body: JSON.stringify({ model: 'text-embedding-3-small', input, encoding_format: encoding }),
    })
    return response.arrayBuffer()
  }
  const vectorsOf = async (texts: string[]): Promise<number[][]> => {
    await ask(upstream.url, texts, 'base64')
    return texts.map(() => new Array<number>(dimensions).fill(0.1))
  }
  const cached = wrapEmbeddings(vectorsOf, { cache, model: 'bench' })

  /** Times calls of batches, whose kept texts were asked for before. */
  const contender = (name: string, call: (input: string[]) => Promise<unknown>, kept: number) => async () => {
    const known = newTexts(kept)
    if (kept > 0) await call(known)
    upstream.takeCalls()
    for (let count = 0; count < callsARound; count += 1) {
      const input = [...known, ...newTexts(missing)]
      const beganAt = performance.now()
      const answer = await call(input)
      found.set(name, [...(found.get(name) ?? []), performance.now() - beganAt])
      if (answer instanceof ArrayBuffer) requireVectors(answer, input.length)
    }
    const calls = upstream.takeCalls()
    if (calls.length !== callsARound || calls.some(inputs => inputs !== missing))
      throw new Error(`${name} made the upstream calls ${calls.join(', ')}.`)
  }
  const direct = 'the upstream alone, for the 10'
  await inTurn(rounds, [
    contender(direct, input => ask(upstream.url, input, 'base64'), 0),
    contender('gateway, base64', input => ask(`${server.url}/v1`, input, 'base64'), batch - missing),
    contender('gateway, float', input => ask(`${server.url}/v1`, input, 'float'), batch - missing),
    contender('wrapEmbeddings', input => cached(input), batch - missing),
  ])
  await cache.close()
  const base = median(found.get(direct) ?? [])
  const ratios = [...found].map(([name, times]) => ({ name, ms: median(times), ratio: median(times) / base }))
  return {
    title: 'A batch of 100 embeddings, 90 of them kept',
    method: `${dimensions} dimensions; the upstream takes 80 ms a call and 4 ms a text, and was asked for ten texts by each call. Until the last byte of the answer is there.`,
    columns: ['asked', 'ms', '× upstream'],
    rows: ratios.map(({ name, ms, ratio }) => [name, figure(ms), figure(ratio)]),
    bars: ratios
      .filter(({ name }) => name !== direct)
      .map(({ name, ratio }) => ({
        promise: `${name}: at most ${bar} × the upstream's time for 10`,
        found: `${figure(ratio)} ×`,
        isMet: ratio <= bar,
      })),
  }
}

function requireVectors(answer: ArrayBuffer, count: number): void {
  const { data } = JSON.parse(Buffer.from(answer).toString()) as { readonly data: readonly unknown[] }
  if (data.length !== count) throw new Error(`${data.length} vectors came for ${count} texts.`)
}
