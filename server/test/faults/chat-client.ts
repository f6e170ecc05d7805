import type {
  AppendOperation,
  EraseOperation,
  HistoryOperation,
  MigrateOperation,
  ReadOperation,
} from 'reprise/testing'

/** How an exchange ended: with an answer, surely without reaching a server, or with nobody knowing. */
type Ending =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Headers; readonly body: unknown }
  | { readonly kind: 'not_reached' }
  | { readonly kind: 'cut' }

/** Longer than any time limit of the server: a request that hangs is found as an unknown outcome. */
const patienceMs = 20_000

/** Sends chats over HTTP and notes every operation with its outcome, as the history checker wants it. */
export class ChatClient {
  readonly #log: HistoryOperation[]

  constructor(log: HistoryOperation[]) {
    this.#log = log
  }

  async append(url: string, guest: string, value: string, key: string | undefined): Promise<AppendOperation> {
    const startedAtMs = performance.now()
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (key !== undefined) headers['idempotency-key'] = key
    const body = JSON.stringify({ role: 'user', content: value })
    const ending = await exchange(`${url}/v1/guest/chat/${guest}`, { method: 'POST', headers, body })
    const operation: AppendOperation = {
      kind: 'append',
      owner: guest,
      value,
      ...(key === undefined ? {} : { idempotencyKey: key }),
      startedAtMs,
      endedAtMs: performance.now(),
      outcome: appendOutcome(ending),
    }
    this.#log.push(operation)
    return operation
  }

  async read(url: string, guest: string): Promise<ReadOperation> {
    return this.#read(`${url}/v1/guest/chat/${guest}`, { owner: guest })
  }

  /** Reads all that a user has; each conversation is an operation of its own. */
  async readUser(url: string, user: string): Promise<void> {
    const path = `${url}/v1/users/me/conversations`
    const listed = await exchange(`${path}?limit=100&user_id=${user}`)
    const conversations = listed.kind === 'answered' ? fieldOf(listed.body, 'conversations') : undefined
    if (!Array.isArray(conversations)) throw new Error(`The conversations of ${user} could not be listed.`)
    for (const conversation of conversations) {
      const conversationId = String(fieldOf(conversation, 'conversation_id'))
      await this.#read(`${path}/${conversationId}/messages?user_id=${user}`, { owner: user, conversationId })
    }
  }

  async #read(url: string, whose: { readonly owner: string; readonly conversationId?: string }) {
    const startedAtMs = performance.now()
    const ending = await exchange(url)
    const outcome = readOutcome(ending)
    const operation: ReadOperation = { kind: 'read', ...whose, startedAtMs, endedAtMs: performance.now(), outcome }
    this.#log.push(operation)
    return operation
  }

  async erase(url: string, guest: string): Promise<EraseOperation> {
    const startedAtMs = performance.now()
    const ending = await exchange(`${url}/v1/guest/chat/${guest}`, { method: 'DELETE' })
    const outcome = settled(ending, 'acknowledged')
    const operation: EraseOperation = {
      kind: 'erase',
      owner: guest,
      startedAtMs,
      endedAtMs: performance.now(),
      outcome,
    }
    this.#log.push(operation)
    return operation
  }

  async migrate(url: string, guest: string, user: string): Promise<MigrateOperation> {
    const startedAtMs = performance.now()
    const ending = await exchange(`${url}/v1/guest/migrate/${guest}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_id: user }),
    })
    const outcome = settled(ending, 'completed')
    const operation: MigrateOperation = {
      kind: 'migrate',
      guest,
      user,
      startedAtMs,
      endedAtMs: performance.now(),
      outcome,
    }
    this.#log.push(operation)
    return operation
  }
}

async function exchange(url: string, init: RequestInit = {}): Promise<Ending> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(patienceMs) })
    return { kind: 'answered', status: response.status, headers: response.headers, body: await response.json() }
  } catch (error) {
    return { kind: fieldOf(fieldOf(error, 'cause'), 'code') === 'ECONNREFUSED' ? 'not_reached' : 'cut' }
  }
}

function appendOutcome(ending: Ending): AppendOperation['outcome'] {
  if (ending.kind === 'not_reached') return { kind: 'refused' }
  if (ending.kind === 'cut') return { kind: 'unknown' }
  const { status, body } = ending
  if (status === 200) {
    const conversationId = String(fieldOf(body, 'conversation_id'))
    return { kind: 'acknowledged', conversationId, sequence: Number(fieldOf(body, 'sequence')) }
  }
  if (status === 410) return { kind: 'migrated' }
  failOnDefect(ending)
  return { kind: isUnknown(ending) ? 'unknown' : 'refused' }
}

function readOutcome(ending: Ending): ReadOperation['outcome'] {
  if (ending.kind !== 'answered') return { kind: 'failed' }
  if (ending.status === 410) return { kind: 'migrated' }
  failOnDefect(ending)
  if (ending.status !== 200 || !Array.isArray(ending.body)) return { kind: 'failed' }
  const values = ending.body.map(message => String(fieldOf(message, 'content')))
  return { kind: 'messages', values, stale: ending.headers.get('x-reprise-stale') === 'true' }
}

function settled<Done extends string>(ending: Ending, done: Done): Done | 'refused' | 'unknown' {
  if (ending.kind === 'not_reached') return 'refused'
  if (ending.kind === 'cut') return 'unknown'
  failOnDefect(ending)
  if (ending.status === 200) return done
  return isUnknown(ending) ? 'unknown' : 'refused'
}

function isUnknown({ body }: { readonly body: unknown }): boolean {
  return fieldOf(body, 'code') === 'outcome_unknown'
}

/** A server may say that it cannot, never that it failed without knowing why. */
function failOnDefect({ status, body }: { readonly status: number; readonly body: unknown }): void {
  if (status === 500) throw new Error(`The server answered 500: ${JSON.stringify(body)}`)
}

function fieldOf(value: unknown, name: string): unknown {
  return Reflect.get(Object(value), name)
}
