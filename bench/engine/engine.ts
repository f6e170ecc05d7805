import type { Effort } from '../chat/arena.ts'
import type { Answer } from '../measure/report.ts'
import { hitQuestion } from './hit.ts'
import { memoryQuestion } from './memory.ts'
import { metricsQuestion } from './metrics-cost.ts'
import { outageQuestion } from './outage.ts'
import { redisQuestion } from './redis-hit.ts'
import { stampedeQuestion } from './stampede.ts'
import { sizedTracesQuestion, tracesQuestion } from './traces.ts'

/** The questions about the cache engine; each brings the servers that it needs. */
const questions: Readonly<Record<string, (effort: Effort) => Promise<Answer>>> = {
  hit: hitQuestion,
  metrics: metricsQuestion,
  redis: redisQuestion,
  outage: outageQuestion,
  stampede: stampedeQuestion,
  memory: memoryQuestion,
  traces: tracesQuestion,
  'sized-traces': sizedTracesQuestion,
}
/** They replay what lies in `--data`; without it they are asked only by name, and then say what is missing. */
const replays = ['traces', 'sized-traces']

export async function* benchEngine(
  named: readonly string[],
  effort: Effort,
): AsyncGenerator<Answer & { readonly question: string }> {
  const unknown = named.filter(name => !(name in questions))
  if (unknown.length > 0)
    throw new Error(`No such question: ${unknown.join(', ')}. There are ${Object.keys(questions).join(', ')}.`)
  for (const [question, ask] of Object.entries(questions)) {
    if (named.length === 0 && effort.data === undefined && replays.includes(question)) continue
    if (named.length === 0 || named.includes(question)) yield { question, ...(await ask(effort)) }
  }
}
