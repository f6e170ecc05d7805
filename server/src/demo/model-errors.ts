/** A refusal, as a route of its provider words it. */
export class ModelError extends Error {
  readonly status: number
  readonly type: string
  readonly code: string | null
  readonly param: string | null
  readonly retryAfterSeconds: number | undefined

  constructor(
    status: number,
    type: string,
    message: string,
    {
      code = null,
      param = null,
      retryAfterSeconds,
    }: {
      readonly code?: string | null
      readonly param?: string | null
      readonly retryAfterSeconds?: number
    } = {},
  ) {
    super(message)
    this.status = status
    this.type = type
    this.code = code
    this.param = param
    this.retryAfterSeconds = retryAfterSeconds
  }

  bodyFor(isAnthropic: boolean): unknown {
    const { type, code, param, message } = this
    if (isAnthropic) return { type: 'error', error: { type, message }, request_id: 'req_demo' }
    return { error: { message, type, param, code } }
  }
}

export function invalidRequest(message: string, param?: string): ModelError {
  return new ModelError(400, 'invalid_request_error', message, param === undefined ? {} : { param })
}

/** A refusal by its status, in believable words. */
export function errorOfStatus(status: number): ModelError {
  switch (status) {
    case 401:
      return new ModelError(401, 'authentication_error', 'Incorrect API key provided.', { code: 'invalid_api_key' })
    case 404:
      return new ModelError(404, 'not_found_error', 'The model does not exist.', { code: 'model_not_found' })
    case 429:
      return new ModelError(429, 'rate_limit_error', 'Rate limit reached.', {
        code: 'rate_limit_exceeded',
        retryAfterSeconds: 1,
      })
    case 529:
      return new ModelError(529, 'overloaded_error', 'Overloaded')
    default:
      return new ModelError(status, 'server_error', 'The server had an error while processing your request.')
  }
}
