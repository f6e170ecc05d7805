import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Embedder } from 'reprise'
import { hashEmbedder, localEmbedder } from 'reprise/embedders'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'

interface Pair {
  readonly a: string
  readonly b: string
  readonly same: boolean | number
}

const asked = 300
const others = 1_200

/** Whether a question finds the one that asks the same in other words, among others that people asked. */
export async function recallQualityQuestion({ data, rounds }: Pick<Effort, 'data' | 'rounds'>): Promise<Answer> {
  if (data === undefined) throw new Error('This question needs recorded questions: --data DIRECTORY')
  const lines = gunzipSync(readFileSync(join(data, 'question-pairs.jsonl.gz')))
    .toString()
    .trim()
    .split('\n')
  const pairs = lines.map(line => JSON.parse(line) as Pair)
  const scale = rounds === 1 ? 0.1 : 1
  const same = pairs.filter(pair => Boolean(pair.same)).slice(0, asked * scale)
  const known = [
    ...same.map(pair => pair.b),
    ...pairs
      .filter(pair => !pair.same)
      .slice(0, others * scale)
      .map(pair => pair.b),
  ]
  const rows = []
  let localRecall = 0
  for (const embedder of [localEmbedder({ cpuShare: 1 }).prompt, hashEmbedder()]) {
    const [questions, answers] = [
      await vectorsOf(
        embedder,
        same.map(pair => pair.a),
      ),
      await vectorsOf(embedder, known),
    ]
    const ranks = questions.map((question, index) => rankOf(question, answers, index))
    const within = (limit: number) => (100 * ranks.filter(rank => rank < limit).length) / ranks.length
    if (embedder.model !== 'hash-256') localRecall = within(10)
    rows.push([embedder.model, figure(within(1)), figure(within(3)), figure(within(10))])
    await embedder.close()
  }
  return {
    title: 'Questions that mean the same',
    method: `${same.length} questions of pairs that people called the same, each looked for among ${known.length} questions, of which one is its other half. Percent found as the first, among the first 3 and 10. The labels are known to be incomplete: another hit may be right too.`,
    columns: ['embedder', 'first', 'first 3', 'first 10'],
    rows,
    bars: [
      {
        promise: 'the local model finds at least 90 % among the first 10',
        found: `${figure(localRecall)} %`,
        isMet: localRecall >= 90,
      },
    ],
  }
}

async function vectorsOf(embedder: Embedder, texts: readonly string[]): Promise<readonly Float32Array[]> {
  const vectors: Float32Array[] = []
  for (let at = 0; at < texts.length; at += embedder.maxBatch) {
    const part = texts.slice(at, at + embedder.maxBatch)
    const embeddings = await embedder.embed(part, AbortSignal.timeout(120_000))
    vectors.push(...embeddings.map(embedding => embedding.vector))
  }
  return vectors
}

/** How many are nearer to a question than its own other half, which stands at `index`. */
function rankOf(question: Float32Array, answers: readonly Float32Array[], index: number): number {
  const scores = answers.map(answer => answer.reduce((sum, number, place) => sum + number * (question[place] ?? 0), 0))
  return scores.filter(score => score > (scores[index] ?? 0)).length
}
