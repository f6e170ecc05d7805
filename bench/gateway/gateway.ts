import type { Effort } from '../measure/effort.ts'
import { answers, chosen, type Questions } from '../measure/questions.ts'
import { embeddingQuestion } from './embedding-batch.ts'
import { exactHitQuestion } from './exact-hit.ts'
import { followersQuestion } from './followers.ts'
import { inProcessQuestion } from './in-process.ts'
import { localModelQuestion } from './local-model.ts'
import { missQuestion } from './miss.ts'
import { recallQualityQuestion } from './recall-quality.ts'

/** The questions about the gateway and its models; each brings the servers that it needs. */
const questions: Questions<Effort> = {
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

export const benchGateway = (named: readonly string[], effort: Effort) =>
  answers(chosen(questions, named, effort.data === undefined ? readers : []), effort)
