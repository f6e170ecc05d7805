import type { Effort } from '../measure/effort.ts'
import { answers, chosen, type Questions } from '../measure/questions.ts'
import { checkoutQuestion } from './checkout.ts'
import { queryQuestion } from './query.ts'

/** What observing pools and statements costs. */
const questions: Questions<Effort> = {
  checkout: checkoutQuestion,
  query: queryQuestion,
}

export const benchObserve = (named: readonly string[], effort: Effort) => answers(chosen(questions, named), effort)
