import type { Effort } from '../chat/arena.ts'
import type { Answer } from '../measure/report.ts'
import { embeddingQuestion } from './embedding-batch.ts'
import { exactHitQuestion } from './exact-hit.ts'
import { followersQuestion } from './followers.ts'
import { inProcessQuestion } from './in-process.ts'
import { localModelQuestion } from './local-model.ts'
import { missQuestion } from './miss.ts'
import { recallQualityQuestion } from './recall-quality.ts'

/** The questions about the gateway and its models; each brings the servers that it needs. */
const questions: Readonly<Record<string, (effort: Effort) => Promise<Answer>>> = {
  'exact-hit': exactHitQuestion,
  'in-process': inProcessQuestion,
  miss: missQuestion,
  followers: followersQuestion,
  embedding: embeddingQuestion,
  'local-model': localModelQuestion,
  'recall-quality': recallQualityQuestion,
}
/** They read what lies in `--data`; without it they are asked only by name, and then say what is missing. */
const readers = ['recall-quality']

export async function* benchGateway(
  named: readonly string[],
  effort: Effort,
): AsyncGenerator<Answer & { readonly question: string }> {
  const unknown = named.filter(name => !(name in questions))
  if (unknown.length > 0)
    throw new Error(`No such question: ${unknown.join(', ')}. There are ${Object.keys(questions).join(', ')}.`)
  for (const [question, ask] of Object.entries(questions)) {
    if (named.length === 0 && effort.data === undefined && readers.includes(question)) continue
    if (named.length === 0 || named.includes(question)) yield { question, ...(await ask(effort)) }
  }
}
