import type { Effort } from '../chat/arena.ts'
import type { Answer } from '../measure/report.ts'
import { checkoutQuestion } from './checkout.ts'
import { queryQuestion } from './query.ts'

/** What observing pools and statements costs. */
const questions: Readonly<Record<string, (effort: Effort) => Promise<Answer>>> = {
  checkout: checkoutQuestion,
  query: queryQuestion,
}

export async function* benchObserve(
  named: readonly string[],
  effort: Effort,
): AsyncGenerator<Answer & { readonly question: string }> {
  const unknown = named.filter(name => !(name in questions))
  if (unknown.length > 0)
    throw new Error(`No such question: ${unknown.join(', ')}. There are ${Object.keys(questions).join(', ')}.`)
  for (const [question, ask] of Object.entries(questions)) {
    if (named.length === 0 || named.includes(question)) yield { question, ...(await ask(effort)) }
  }
}
