import type { Clock } from 'reprise'

export interface TrafficOptions {
  /** The gateway: `http://127.0.0.1:8000`. */
  readonly url: string
  readonly callsPerSecond: number
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onCall: (call: DemoCall) => void
}

/** How one call was answered. */
export interface DemoCall {
  readonly kind: 'chat' | 'stream' | 'embeddings' | 'guest'
  /** As `x-reprise-cache` says: hit, miss, coalesced, bypass; undefined for the chat's own routes. */
  readonly state: string | undefined
  readonly isAnswered: boolean
  readonly durationMs: number
}

const subjects = [
  'the sky',
  'a rainbow',
  'the tide',
  'a magnet',
  'yeast',
  'a battery',
  'the moon',
  'an echo',
  'rust',
  'glass',
]
const askings = [
  'Why is {} the way it is?',
  'Explain {} to a child.',
  'Name three facts about {}.',
  'What do people get wrong about {}?',
]
const questions = askings.flatMap(asking => subjects.map(subject => asking.replace('{}', subject)))
const keys = ['demo-ann', 'demo-bob', 'demo-cleo']
const models = ['gpt-4o-mini', 'gpt-4o-mini', 'gpt-5-mini']

/**
 * Calls as an application's users would make them: a few questions often and many seldom, three callers, streams and whole
 * answers, embeddings, and guests who chat.
 */
export async function makeTraffic({ url, callsPerSecond, clock, signal, onCall }: TrafficOptions): Promise<void> {
  const running = new Set<Promise<void>>()
  while (!signal.aborted) {
    const call = one(url, signal).then(onCall, () => undefined)
    running.add(call)
    void call.finally(() => running.delete(call))
    await clock.sleep(exponential(1_000 / callsPerSecond), signal)
  }
  await Promise.all(running)
}

async function one(url: string, signal: AbortSignal): Promise<DemoCall> {
  const dice = Math.random()
  if (dice < 0.15) return guestCall(url, signal)
  if (dice < 0.3) {
    const input = Array.from({ length: 4 }, () => pick(questions))
    return modelCall(url, 'embeddings', { model: 'text-embedding-3-small', input }, signal)
  }
  const stream = dice < 0.7
  const messages = [{ role: 'user', content: pick(questions) }]
  return modelCall(url, stream ? 'stream' : 'chat', { model: pick(models), messages, stream }, signal)
}

async function modelCall(url: string, kind: DemoCall['kind'], body: object, signal: AbortSignal): Promise<DemoCall> {
  const startedAt = performance.now()
  const path = kind === 'embeddings' ? '/v1/embeddings' : '/v1/chat/completions'
  const answer = await send(`${url}${path}`, body, signal, { authorization: `Bearer ${pick(keys)}` })
  return {
    kind,
    state: answer.headers.get('x-reprise-cache') ?? undefined,
    isAnswered: answer.ok,
    durationMs: performance.now() - startedAt,
  }
}

async function guestCall(url: string, signal: AbortSignal): Promise<DemoCall> {
  const startedAt = performance.now()
  const guest = `${url}/v1/guest/chat/visitor-${Math.ceil(Math.random() * 12)}`
  const answer =
    Math.random() < 0.5
      ? await send(guest, { role: 'user', content: pick(questions) }, signal)
      : await fetch(guest, { signal })
  await answer.arrayBuffer()
  return { kind: 'guest', state: undefined, isAnswered: answer.ok, durationMs: performance.now() - startedAt }
}

/** Sends JSON and reads the answer to its end. */
async function send(url: string, body: object, signal: AbortSignal, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal,
  })
  // A broken stream is an answer too, in a demonstration.
  await answer
    .clone()
    .arrayBuffer()
    .catch(() => undefined)
  return answer
}

/** The first ones often, the last ones seldom. */
function pick<Item>(items: readonly Item[]): Item {
  const place = Math.floor(items.length * Math.random() ** 2.5)
  // The place is below the length.
  return items[place] as Item
}

function exponential(meanMs: number): number {
  return -Math.log(1 - Math.random()) * meanMs
}
