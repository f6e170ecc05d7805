import type { AnswerKey } from '../../../ports/answer-store.ts'
import type { LlmAnswer } from './llm-call.ts'

/**
 * Of one connection alone, or of a body in the form in which it travelled. Cookies are an account's, not an answer's:
 * answers are shared.
 */
const notPassedOn: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The headers of an upstream that callers get. */
export function passedOn(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !notPassedOn.has(name)))
}

/** How an answer came to be, for its reader: `x-reprise-cache`, `x-reprise-reason`, `x-reprise-key`, `age` in seconds. */
export function answerHeaders(
  answer: Pick<LlmAnswer, 'state' | 'reason' | 'ageMs'> & { readonly key: AnswerKey | undefined },
  contentType?: string,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'x-reprise-cache': answer.state, 'x-reprise-reason': answer.reason }
  if (answer.key !== undefined) headers['x-reprise-key'] = answer.key
  if (answer.ageMs !== undefined) headers['age'] = String(Math.floor(answer.ageMs / 1_000))
  if (contentType !== undefined) headers['content-type'] = contentType
  return headers
}
