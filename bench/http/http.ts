import type { Effort } from '../chat/arena.ts'
import type { Answer } from '../measure/report.ts'
import { middlewareQuestion } from './middleware.ts'
import { proxyQuestion } from './proxy.ts'
import { urlsQuestion } from './urls.ts'

/** The questions about the HTTP cache; each brings the servers that it needs. */
const questions: Readonly<Record<string, (effort: Effort) => Promise<Answer>>> = {
  middleware: middlewareQuestion,
  proxy: proxyQuestion,
  urls: urlsQuestion,
}

export async function* benchHttp(
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
