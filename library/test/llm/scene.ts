import { type Cache, type CacheOptions, createCache } from 'reprise'
import {
  type AnswerSink,
  type Forward,
  type HeaderValues,
  type LlmAnswer,
  type LlmCache,
  type LlmCacheOptions,
  type LlmOutcome,
  llmCache,
  readControls,
} from 'reprise/llm'
import { onTestFinished } from 'vitest'
import { type ModelServer, type ModelServerOptions, startModelServer } from '../../../server/src/demo/model-server.ts'

export type Route = 'chat/completions' | 'responses' | 'messages'

export interface SceneOptions {
  readonly model?: ModelServerOptions
  readonly cache?: Partial<CacheOptions>
  readonly llm?: Partial<LlmCacheOptions>
}

export interface Asking {
  readonly headers?: HeaderValues
  readonly tenant?: string
  readonly upstream?: string
  readonly signal?: AbortSignal
  /** Instead of the model server. */
  readonly forward?: Forward
}

export interface Scene {
  readonly model: ModelServer
  readonly cache: Cache
  readonly llm: LlmCache
  readonly outcomes: readonly LlmOutcome[]
  readonly forward: (route: Route) => Forward
  ask(route: Route, body: object | string, asking?: Asking): Promise<LlmAnswer>
  /** Asks, and reads all of it. */
  read(route: Route, body: object | string, asking?: Asking): Promise<ReadAnswer>
}

export interface ReadAnswer {
  readonly answer: LlmAnswer
  readonly text: string
  readonly outcome: LlmOutcome
}

/** A cache over a model server, closed when the test is over. */
export async function openScene({
  model: modelOptions,
  cache: cacheOptions,
  llm: llmOptions,
}: SceneOptions = {}): Promise<Scene> {
  const model = await startModelServer(modelOptions)
  const cache = createCache({ name: 'ai', ...cacheOptions })
  const llm = llmCache({ cache, ...llmOptions })
  onTestFinished(async () => {
    await llm.close()
    await cache.close()
    await model.close()
  })
  const outcomes: LlmOutcome[] = []
  llm.on('outcome', outcome => outcomes.push(outcome))

  const forward = (route: Route): Forward => forwardTo(`${model.url}/${route}`)
  const ask: Scene['ask'] = (
    route,
    body,
    { headers = {}, tenant = 'tenant', upstream = 'demo', signal, ...more } = {},
  ) => {
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    const call = { route, upstream, tenant, body: bytes, headers, controls: readControls(headers), signal }
    return llm.answer(call, more.forward ?? forward(route))
  }
  const read: Scene['read'] = async (route, body, asking) => {
    const answer = await ask(route, body, asking)
    return { answer, text: await textOf(answer), outcome: await answer.done }
  }
  return { model, cache, llm, outcomes, forward, ask, read }
}

/** Sends a call on by HTTP, as a gateway does. */
export function forwardTo(url: string): Forward {
  return async (signal, body) => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer key' }
    const response = await fetch(url, { method: 'POST', headers, body: Buffer.from(body), signal })
    if (response.body === null) throw new Error('The model server always answers a body.')
    return { status: response.status, headers: Object.fromEntries(response.headers), body: response.body }
  }
}

export async function textOf({ body }: Pick<LlmAnswer, 'body'>): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString()
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** A sink that keeps what it gets, and is full after each write if told so. */
export class TestSink implements AnswerSink {
  readonly pieces: Uint8Array[] = []
  isFull = false
  readonly #listeners = new Map<string, Set<() => void>>()

  get text(): string {
    return Buffer.concat(this.pieces).toString()
  }

  write(piece: Uint8Array): boolean {
    this.pieces.push(piece)
    return !this.isFull
  }

  on(event: string, listener: () => void): void {
    const known = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, known.add(listener))
  }

  off(event: string, listener: () => void): void {
    this.#listeners.get(event)?.delete(listener)
  }

  emit(event: 'drain' | 'close' | 'error'): void {
    for (const listener of this.#listeners.get(event) ?? []) listener()
  }
}

export function chat(text: string, more: object = {}): object {
  return { model: 'gpt-4o-mini', messages: [{ role: 'user', content: text }], ...more }
}

/** A gate that is shut until it is opened, and counts who waits. */
export function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { wait: () => promise, open: () => resolve() }
}

/** Resolves when a condition holds; for what happens in another turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  const endsAt = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > endsAt) throw new Error('What was waited for did not happen within 10 seconds.')
    await new Promise(resolve => setImmediate(resolve))
  }
}
