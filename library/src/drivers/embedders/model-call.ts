import { messageOf, RepriseError } from '../../base/reprise-error.ts'

export interface ModelCall {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly fetch: typeof fetch
  readonly signal: AbortSignal
}

/** An answer of 2,048 vectors of 3,072 numbers is about 80 MB of JSON; past this bound it is no answer. */
const maxAnswerBytes = 128 * 1024 * 1024

/** Statuses that speak of the texts sent, not of the model's state or the settings: the same texts fail again. */
const statusesOfTheText: ReadonlySet<number> = new Set([400, 413, 422])

/** Statuses that speak of the settings. They are tried again, because an operator mends them without touching a text. */
const statusesOfTheSettings: ReadonlySet<number> = new Set([401, 403, 404, 405])

/**
 * Posts JSON to a model and reads its JSON answer.
 * @throws RepriseError `embedding_failed`, without anything that was sent: models quote their input in error bodies
 */
export async function callModel(call: ModelCall): Promise<unknown> {
  try {
    const response = await call.fetch(call.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...call.headers },
      body: JSON.stringify(call.body),
      signal: call.signal,
    })
    const text = await boundedText(response)
    if (!response.ok) throw refusal(response, text)
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof RepriseError) throw error
    if (error instanceof SyntaxError) throw unreadable('its body is not JSON')
    throw new RepriseError('embedding_failed', `The embedding model could not be reached: ${reasonOf(error)}.`)
  }
}

/** An answer that does not hold what was asked for. Another try may do better. */
export function unreadable(reason: string): RepriseError {
  return new RepriseError('embedding_failed', `The embedding model's answer cannot be used: ${reason}.`)
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxAnswerBytes) throw unreadable(`it is longer than ${maxAnswerBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function refusal(response: Response, text: string): RepriseError {
  const code = errorCodeIn(text)
  const named = code === undefined ? `${response.status}` : `${response.status} (${code})`
  const advice = statusesOfTheSettings.has(response.status) ? '; check its address, its name and the credential' : ''
  const retryAfterSeconds = secondsOf(response.headers.get('retry-after'))
  return new RepriseError('embedding_failed', `The embedding model answered ${named}${advice}.`, {
    permanent: statusesOfTheText.has(response.status),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

/** The short code of an error body, as OpenAI (`error.code`, `error.type`) and Google (`error.status`) write it. */
function errorCodeIn(text: string): string | undefined {
  try {
    const error: unknown = (JSON.parse(text) as { error?: unknown } | null)?.error
    const fields = typeof error === 'object' && error !== null ? Object.entries(error) : []
    const codes = fields.filter(([name]) => name === 'code' || name === 'status' || name === 'type')
    return codes.map(([, code]) => code).find(code => typeof code === 'string' && /^[A-Za-z][\w.-]{0,63}$/.test(code))
  } catch {
    return undefined
  }
}

/** `Retry-After` counts seconds or names an HTTP date (RFC 9110 §10.2.3). */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined
  const seconds = /^\s*\d{1,9}\s*$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}

/** `fetch` says no more than "fetch failed"; the reason stands in its cause, as a code such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code)
  return messageOf(error)
}
