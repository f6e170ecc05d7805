import { type ErrorCode, errorCodes, messageOf, RepriseError } from 'reprise'

/** Which HTTP status a code becomes. Decided here and nowhere else. */
export const statusOf: Readonly<Record<ErrorCode, number>> = {
  body_too_large: 413,
  cache_closed: 500,
  cache_unknown: 404,
  content_too_large: 413,
  conversation_unknown: 404,
  copy_unavailable: 503,
  database_unavailable: 503,
  deadline_exceeded: 504,
  directory_locked: 500,
  embedder_missing: 501,
  embedding_failed: 502,
  empty_content: 400,
  forbidden_key: 400,
  forbidden_origin: 403,
  guest_auth_failed: 401,
  guest_migrated: 410,
  guest_unknown: 404,
  headers_too_large: 431,
  history_too_large: 413,
  idempotency_conflict: 422,
  identity_unavailable: 503,
  internal_error: 500,
  invalid_body: 400,
  invalid_content: 400,
  invalid_control: 400,
  invalid_conversation_id: 400,
  invalid_cursor: 400,
  invalid_guest_id: 400,
  invalid_idempotency_key: 400,
  invalid_json: 400,
  invalid_key: 500,
  invalid_loader: 500,
  invalid_option: 500,
  invalid_query: 400,
  invalid_role: 400,
  invalid_setting: 500,
  invalid_timestamp: 400,
  invalid_url: 400,
  invalid_user_id: 400,
  invalid_utf8: 400,
  load_timeout: 504,
  malformed_request: 400,
  method_not_allowed: 405,
  migration_conflict: 409,
  migration_failed: 500,
  nesting_too_deep: 400,
  not_authorized: 401,
  not_cached: 504,
  not_encodable: 500,
  outcome_unknown: 503,
  overloaded: 503,
  quota_exceeded: 429,
  rate_limited: 429,
  request_timeout: 408,
  route_unknown: 404,
  stopping: 503,
  store_unavailable: 503,
  unsupported_media_type: 415,
  upstream_missing: 503,
  upstream_timeout: 504,
  upstream_unreachable: 502,
  upstream_broken: 502,
}

/** How a problem is answered. */
export interface ProblemAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** `application/problem+json` (RFC 9457). */
  readonly body: string
}

export const problemType = 'application/problem+json'

/** What a framework's or a parser's own refusal means. */
const foreignCodes: Readonly<Record<string, { readonly code: ErrorCode; readonly message: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body_too_large', message: 'The body is larger than this server takes.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    message: 'Send the body as JSON, with the header content-type: application/json.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'malformed_request',
    message: 'The body is not as long as the header content-length says.',
  },
  FST_ERR_BAD_URL: {
    code: 'invalid_url',
    message: 'The path is not well-formed: a percent sign must be followed by two hex digits of UTF-8.',
  },
  FST_STATIC_FORBIDDEN_PATH: { code: 'route_unknown', message: 'There is no such path.' },
  ECONNRESET: { code: 'malformed_request', message: 'The connection ended before the whole body came.' },
}

/** Any thrown thing as one of our errors; what nobody foresaw becomes `internal_error` and tells nothing of its inside. */
export function repriseErrorOf(error: unknown): RepriseError {
  if (error instanceof RepriseError) return error
  const foreign = foreignCodes[codeOf(error) ?? '']
  if (foreign !== undefined) return new RepriseError(foreign.code, foreign.message, { cause: error })
  if (isCallersFault(error))
    return new RepriseError('malformed_request', 'The request cannot be read.', { cause: error })
  return new RepriseError('internal_error', 'Something failed here; it is logged under the request id.', {
    cause: error,
  })
}

/** What a plugin refuses with a status of its own. */
function isCallersFault(error: unknown): boolean {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0
  return status >= 400 && status < 500
}

/** The code of a thrown thing's deepest cause that has one, for logs. */
export function causeCodeOf(error: unknown): string | undefined {
  const deeper = error instanceof Error && error.cause !== undefined ? causeCodeOf(error.cause) : undefined
  return deeper ?? codeOf(error) ?? (error instanceof Error ? error.name : undefined)
}

/** The name of a kind of problem, as RFC 9457 asks for. */
export function typeOf(code: ErrorCode): string {
  return `urn:reprise:problem:${code}`
}

/**
 * `toModelClient`: whether the caller is a client of language models, such as OpenAI's or Anthropic's. Those show what
 * stands under `error`, and try again unless they are told not to.
 */
export function problemAnswer(error: RepriseError, requestId: string, toModelClient = false): ProblemAnswer {
  const { code } = error
  const status = statusOf[code]
  // Codes of the inside (500) keep their message to the log.
  const detail =
    status === 500 ? errorCodes.internal_error : toldInTheLogAlone.has(code) ? adviceOf(error) : messageOf(error)
  const problem = {
    type: typeOf(status === 500 ? 'internal_error' : code),
    title: status === 500 ? errorCodes.internal_error : errorCodes[code],
    status,
    detail,
    code: status === 500 ? 'internal_error' : code,
    field: status === 500 ? undefined : error.field,
    request_id: requestId,
  }
  const headers = headersOf(error, status)
  if (!toModelClient) return { status, headers, body: JSON.stringify(problem) }
  const shown = { type: problem.code, code: problem.code, message: detail, param: problem.field ?? null }
  return {
    status,
    headers: error.permanent ? { ...headers, 'x-should-retry': 'false' } : headers,
    body: JSON.stringify({ ...problem, error: shown }),
  }
}

/** Their messages name hosts, ports and databases of the inside, which are no business of a stranger's. */
const toldInTheLogAlone: ReadonlySet<ErrorCode> = new Set([
  'database_unavailable',
  'outcome_unknown',
  'copy_unavailable',
  'identity_unavailable',
])

function adviceOf({ code, retryAfterSeconds = 1 }: RepriseError): string {
  return `${errorCodes[code]} Try again in ${retryAfterSeconds} s.`
}

function headersOf(error: RepriseError, status: number): Record<string, string> {
  if (status === 401) return { 'www-authenticate': error.code === 'not_authorized' ? 'Bearer' : 'Guest-Secret' }
  if (status === 503 || status === 429) return { 'retry-after': String(error.retryAfterSeconds ?? 1) }
  return {}
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
