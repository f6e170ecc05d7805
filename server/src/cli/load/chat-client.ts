import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from 'reprise'
import type { FileMessage } from './conversation-file.ts'
import type { StoredMessage } from './differences.ts'
import { type Exchange, exchanger, type HttpAnswer } from './http-exchange.ts'

export interface ChatClientOptions {
  /** Where the server listens, such as http://127.0.0.1:8000. */
  readonly url: URL
  /** How many connections are kept open. */
  readonly connections: number
  /** How long one request is tried again while the server is away or asks for patience. */
  readonly patienceMs: number
  readonly signal: AbortSignal
}

/** Who speaks. The secret is sent where the server issued one. */
export interface Guest {
  readonly guestId: string
  readonly secret: string | undefined
}

/** The server refused one request, for a reason that trying again does not mend. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(answer: HttpAnswer, what: string) {
    const problem = readProblem(answer)
    super(`${what} was answered ${answer.status} ${problem.code}: ${problem.detail}`)
    this.status = answer.status
    this.code = problem.code
  }
}

const pageSize = 1_000

/** The guest chat over HTTP, as any client would use it. */
export class ChatClient {
  readonly #options: ChatClientOptions
  readonly #exchange: Exchange

  constructor(options: ChatClientOptions) {
    this.#options = options
    this.#exchange = exchanger(options.url, options.connections)
  }

  /** Has the server make up a guest with a secret. */
  async issueGuest(): Promise<Guest> {
    const answer = await this.#patiently('POST', '/v1/guest', {})
    if (answer.status !== 201) throw new Refusal(answer, 'POST /v1/guest')
    const { guest_id: guestId, secret } = fieldsOf(answer)
    return { guestId: String(guestId), secret: String(secret) }
  }

  /** Appends a message. Under the same key it is stored once, however often it is sent. */
  async append(guest: Guest, message: FileMessage, idempotencyKey: string): Promise<void> {
    const path = pathOf(guest)
    const headers = { ...headersOf(guest), 'content-type': 'application/json', 'idempotency-key': idempotencyKey }
    const answer = await this.#patiently('POST', path, headers, JSON.stringify(message))
    if (answer.status !== 200) throw new Refusal(answer, `POST ${path}`)
  }

  /** All messages of a guest, page by page where they do not fit into one answer. */
  async history(guest: Guest): Promise<readonly StoredMessage[]> {
    const path = pathOf(guest)
    const answer = await this.#patiently('GET', path, headersOf(guest))
    if (answer.status === 413) return await this.#historyByPages(guest)
    if (answer.status !== 200) throw new Refusal(answer, `GET ${path}`)
    return messagesOf(jsonOf(answer), path)
  }

  async #historyByPages(guest: Guest): Promise<readonly StoredMessage[]> {
    const messages: StoredMessage[] = []
    let afterSequence: unknown = -1
    while (typeof afterSequence === 'number') {
      const path = `${pathOf(guest)}?after_seq=${afterSequence}&limit=${pageSize}`
      const answer = await this.#patiently('GET', path, headersOf(guest))
      if (answer.status !== 200) throw new Refusal(answer, `GET ${path}`)
      const { messages: page, next_after_seq: next } = fieldsOf(answer)
      const read = messagesOf(page, path)
      messages.push(...read)
      afterSequence = read.length === 0 ? undefined : next
    }
    return messages
  }

  close(): void {
    this.#exchange.close()
  }

  /** Tries again while the server cannot be reached or asks for patience, until patience ends. */
  async #patiently(method: string, path: string, headers: Record<string, string>, body?: string): Promise<HttpAnswer> {
    const { signal, patienceMs } = this.#options
    const endAt = Date.now() + patienceMs
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted()
      const outcome = await this.#exchange
        .send({ method, path, headers, body, signal })
        .catch(cause => new Error(`${method} ${path} failed: ${messageOf(cause) || cause.code}`, { cause }))
      const waitMs = outcome instanceof Error ? backoffMs(attempt) : askedPatienceMs(outcome, attempt)
      if (waitMs !== undefined && Date.now() + waitMs <= endAt) await sleep(waitMs, undefined, { signal })
      else if (outcome instanceof Error) throw outcome
      else if (outcome.isStale) throw new Error('PostgreSQL is away, and what its copies say proves nothing.')
      else return outcome
    }
  }
}

function pathOf({ guestId }: Guest): string {
  return `/v1/guest/chat/${guestId}`
}

function headersOf({ secret }: Guest): Record<string, string> {
  return secret === undefined ? {} : { 'x-guest-secret': secret }
}

/** How long the server asks to wait; undefined when the answer is final. */
function askedPatienceMs(answer: HttpAnswer, attempt: number): number | undefined {
  // PostgreSQL is away and a copy was answered in its place: it may be old, so that it proves nothing.
  if (answer.isStale) return backoffMs(attempt)
  if (answer.status !== 429 && answer.status !== 503) return undefined
  const seconds = Number(answer.retryAfter)
  // Spread, so that those who were refused together do not come back together.
  return answer.retryAfter !== undefined && seconds >= 0
    ? seconds * 1_000 * (1 + Math.random() / 4)
    : backoffMs(attempt)
}

function backoffMs(attempt: number): number {
  return Math.min(100 * 2 ** attempt, 5_000) * (0.5 + Math.random() / 2)
}

/** The answer's JSON; undefined where it is none. */
function jsonOf({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** The fields of the answer's JSON object; none where it is something else. */
function fieldsOf(answer: HttpAnswer): Readonly<Record<string, unknown>> {
  const value = jsonOf(answer)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function messagesOf(value: unknown, path: string): readonly StoredMessage[] {
  const isMessage = (entry: unknown): entry is StoredMessage =>
    typeof entry === 'object' && entry !== null && 'role' in entry && 'content' in entry && 'timestamp' in entry
  if (Array.isArray(value) && value.every(isMessage)) return value
  throw new Error(`GET ${path} answered something else than a list of messages. Is this a Reprise server?`)
}

function readProblem(answer: HttpAnswer): { readonly code: string; readonly detail: string } {
  const { code = '', detail = answer.body.slice(0, 200) } = fieldsOf(answer)
  return { code: String(code), detail: String(detail) }
}
