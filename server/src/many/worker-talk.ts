import type { Stores } from '../compose.ts'
import type { Settings } from '../config/settings-table.ts'

/** What the primary process and its worker processes say to each other, besides what they ask of each other's parts. */
export const workerTopics = {
  /** From the primary: serve with these settings. Answered with the address once it listens. */
  start: 'worker.start',
  /** From the primary: stop gracefully. Answered when that is done. */
  stop: 'worker.stop',
  /** To the primary: one more request of a caller. Answered with the count over all processes. */
  countRequest: 'primary.count-request',
} as const

export interface StartWords {
  readonly settings: Settings
}

/** How a worker process began to serve. */
export interface StartedWorker {
  readonly url: string
  readonly described: Stores['described']
}

export interface CountedRequest {
  readonly caller: string
  readonly windowMs: number
}
