import type { Effort } from '../measure/effort.ts'
import { answers, chosen, type Questions } from '../measure/questions.ts'
import { middlewareQuestion } from './middleware.ts'
import { proxyQuestion } from './proxy.ts'
import { urlsQuestion } from './urls.ts'

/** The questions about the HTTP cache; each brings the servers that it needs. */
const questions: Questions<Effort> = {
  middleware: middlewareQuestion,
  proxy: proxyQuestion,
  urls: urlsQuestion,
}

export const benchHttp = (named: readonly string[], effort: Effort) => answers(chosen(questions, named), effort)
