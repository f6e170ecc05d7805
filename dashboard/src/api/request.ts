import { adminKey, askForAdminKey } from './admin-key.ts'
import { Problem, problemOf } from './problem.ts'

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/**
 * Asks the server that this page came from.
 * @returns an answer of status 2xx
 * @throws Problem for any other answer, and for none
 */
export async function request(path: string, { method = 'GET', body, signal }: RequestOptions = {}): Promise<Response> {
  const key = adminKey()
  const answer = await fetch(path, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new Problem('away', 0, 'The server does not answer.', { cause: error })
  })
  if (answer.ok) return answer
  const problem = await problemOf(answer)
  // An answer to an older key says nothing about the one that was given meanwhile.
  if (problem.code === 'not_authorized' && adminKey() === key) askForAdminKey()
  throw problem
}

/** As `request`, read as JSON. The types are the server's own, which checks its answers by the same schemas. */
export async function requestJson<Answer>(path: string, options?: RequestOptions): Promise<Answer> {
  const answer = await request(path, options)
  return (await answer.json()) as Answer
}
