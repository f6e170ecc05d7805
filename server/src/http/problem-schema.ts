import { type ErrorCode, errorCodes } from 'reprise'
import { Type } from 'typebox'
import { problemType, statusOf, typeOf } from './problem.ts'

/** The body of every refusal and failure (RFC 9457). */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'A name of this kind of problem.' }),
    title: Type.String({ description: 'What the code means.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What went wrong this time, and what to do.' }),
    code: Type.String({ description: 'Stable, made for programs.' }),
    field: Type.Optional(Type.String({ description: 'The field, parameter or header at fault.' })),
    request_id: Type.String({ description: 'The same as in the header x-request-id.' }),
  },
  { $id: 'Problem', description: 'A problem as RFC 9457 describes it.' },
)

/** What any request may be refused with. */
const everywhere: readonly ErrorCode[] = [
  ...(['malformed_request', 'forbidden_origin', 'request_timeout', 'rate_limited', 'headers_too_large'] as const),
  ...(['internal_error', 'stopping'] as const),
]

/** The documented answers of a route's own problems, besides those that any request can meet. */
export function problems(...codes: readonly ErrorCode[]): Record<number, object> {
  const byStatus = Map.groupBy(new Set([...codes, ...everywhere]), code => statusOf[code])
  const answers = [...byStatus].map(([status, sameStatus]) => [status, problemResponse(status, sameStatus)] as const)
  return Object.fromEntries(answers)
}

function problemResponse(status: number, codes: readonly ErrorCode[]): object {
  const headers =
    status === 429 || status === 503
      ? { 'retry-after': { type: 'integer', description: 'Seconds to wait before trying again.' } }
      : undefined
  return {
    description: `Code ${codes.map(code => `\`${code}\``).join(' or ')}.`,
    ...(headers === undefined ? {} : { headers }),
    content: { [problemType]: { schema: { $ref: 'Problem#' }, examples: Object.fromEntries(codes.map(exampleOf)) } },
  }
}

function exampleOf(code: ErrorCode): readonly [string, object] {
  const title = errorCodes[code]
  const problem = { type: typeOf(code), title, status: statusOf[code], detail: title, code, request_id: 'q7Zk1w2e-1f' }
  return [code, { value: problem }]
}
