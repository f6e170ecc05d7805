import type { Effort } from '../measure/effort.ts'
import { answers, chosen, type Questions } from '../measure/questions.ts'
import { hitQuestion } from './hit.ts'
import { memoryQuestion } from './memory.ts'
import { metricsQuestion } from './metrics-cost.ts'
import { outageQuestion } from './outage.ts'
import { redisQuestion } from './redis-hit.ts'
import { stampedeQuestion } from './stampede.ts'
import { sizedTracesQuestion, tracesQuestion } from './traces.ts'

/** The questions about the cache engine; each brings the servers that it needs. */
const questions: Questions<Effort> = {
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

export const benchEngine = (named: readonly string[], effort: Effort) =>
  answers(chosen(questions, named, effort.data === undefined ? replays : []), effort)
