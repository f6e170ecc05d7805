import { localEmbedder } from 'reprise/embedders'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'

const engines = ['wasm', 'onnxruntime'] as const
const lengths = [16, 64, 256]
const textsARound = 5
/** Each of these words is one piece of the model's vocabulary. */
const words = ['cat', 'house', 'river', 'stone', 'money', 'train', 'green', 'paper']

/** How long the local model takes for a text, by either engine. */
export async function localModelQuestion({ rounds }: Pick<Effort, 'rounds'>): Promise<Answer> {
  const found = new Map<string, number[]>()
  const embedders = new Map(engines.map(engine => [engine, localEmbedder({ engine, cpuShare: 1 })]))
  const missing = new Set<string>()
  for (const [engine, embedder] of embedders)
    await embedder.prompt.embed(['warms up'], AbortSignal.timeout(60_000)).catch(() => missing.add(engine))
  const contenders = lengths.flatMap(length =>
    [...embedders]
      .filter(([engine]) => !missing.has(engine))
      .map(([engine, embedder]) => async () => {
        // Of all threads of this process, which has nothing else to do: what the machine does besides counts little.
        const before = process.cpuUsage()
        for (let count = 0; count < textsARound; count += 1)
          await embedder.prompt.embed([textOf(length, count)], AbortSignal.timeout(60_000))
        const { user, system } = process.cpuUsage(before)
        const name = `${engine} ${length}`
        found.set(name, [...(found.get(name) ?? []), (user + system) / 1_000 / textsARound])
      }),
  )
  await inTurn(rounds, contenders)
  for (const embedder of embedders.values()) await embedder.close()
  return {
    title: 'The local embedding model',
    method:
      'all-MiniLM-L6-v2 from the same fp16 weights, one text a call, its share of the processor not bounded; time of the processor, with the way to the thread and back.' +
      (missing.size === 0 ? '' : ' onnxruntime-node was not installed.'),
    columns: ['engine', 'tokens', 'ms a text', 'texts a second of a core'],
    rows: engines.flatMap(engine =>
      lengths.flatMap(length => {
        const times = found.get(`${engine} ${length}`)
        return times === undefined ? [] : [[engine, `${length}`, figure(median(times)), figure(1_000 / median(times))]]
      }),
    ),
    bars: [],
  }
}

/** A text of so many tokens, the two marks at its ends included. */
function textOf(tokens: number, turn: number): string {
  return Array.from({ length: tokens - 2 }, (_, index) => words[(index + turn) % words.length]).join(' ')
}
