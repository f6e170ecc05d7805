import type { CacheStats } from 'reprise-server/answers'
import { subscribe as onKeyChange } from '../api/admin-key.ts'
import { messageOf, Problem } from '../api/problem.ts'
import { request } from '../api/request.ts'
import { eventData } from './event-stream.ts'

/** How the page and the server stand to each other. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** No figures come; `at` says since when, in ms since the epoch. */
  | { readonly kind: 'away'; readonly at: number; readonly reason: string }
  | { readonly kind: 'refused' }

export interface LiveFigures {
  readonly connection: Connection
  /** The last that came. */
  readonly stats: CacheStats | undefined
}

/** Figures come every two seconds; after this silence the server counts as away. */
const silenceMs = 10_000
const firstRetryMs = 500
const longestRetryMs = 5_000

const listeners = new Set<() => void>()
let figures: LiveFigures = { connection: { kind: 'connecting' }, stats: undefined }
let stopping: AbortController | undefined

export const currentFigures = (): LiveFigures => figures

/** The stream is read while anybody listens. */
export function subscribeFigures(listener: () => void): () => void {
  listeners.add(listener)
  if (stopping === undefined) start()
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    stopping?.abort()
    stopping = undefined
  }
}

function start(): void {
  const controller = new AbortController()
  stopping = controller
  void readForever(controller.signal)
}

async function readForever(stop: AbortSignal): Promise<void> {
  let retryMs = firstRetryMs
  while (!stop.aborted) {
    try {
      await readStream(stop, () => {
        retryMs = firstRetryMs
      })
    } catch (error) {
      if (stop.aborted) return
      if (error instanceof Problem && error.code === 'not_authorized') {
        change({ connection: { kind: 'refused' }, stats: undefined })
        await keyGiven(stop)
        change({ ...figures, connection: { kind: 'connecting' } })
        continue
      }
      const { connection } = figures
      const at = connection.kind === 'away' ? connection.at : Date.now()
      change({ ...figures, connection: { kind: 'away', at, reason: messageOf(error) } })
    }
    await retryTime(stop, retryMs)
    retryMs = Math.min(retryMs * 2, longestRetryMs)
  }
}

/** Reads until the stream ends, which it does by itself only when the server stops. */
async function readStream(stop: AbortSignal, onFirst: () => void): Promise<never> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), silenceMs)
  try {
    const { body } = await request('/api/cache/live', { signal: AbortSignal.any([stop, silence.signal]) })
    if (body === null) throw new Error('The server sent no figures.')
    for await (const data of eventData(body)) {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silenceMs)
      onFirst()
      // By the schema that the server serialises it with.
      change({ connection: { kind: 'live' }, stats: JSON.parse(data) as CacheStats })
    }
  } catch (error) {
    if (silence.signal.aborted) throw new Error('No figures came for ten seconds.', { cause: error })
    if (error instanceof Problem) throw error
    throw new Error('The connection was lost.', { cause: error })
  } finally {
    clearTimeout(timer)
  }
  throw new Error('The server ended the connection.')
}

function change(next: LiveFigures): void {
  figures = next
  for (const listener of listeners) listener()
}

function keyGiven(stop: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      unsubscribe()
      resolve()
    }
    const unsubscribe = onKeyChange(done)
    stop.addEventListener('abort', done, { once: true })
  })
}

/** Sooner when the network comes back, or the page is looked at again. */
function retryTime(stop: AbortSignal, ms: number): Promise<void> {
  return new Promise(resolve => {
    const over = new AbortController()
    const done = () => {
      clearTimeout(timer)
      over.abort()
      resolve()
    }
    const timer = setTimeout(done, ms)
    window.addEventListener('online', done, { signal: over.signal })
    document.addEventListener('visibilitychange', done, { signal: over.signal })
    stop.addEventListener('abort', done, { signal: over.signal })
  })
}
