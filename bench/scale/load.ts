import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface LoadOrder {
  readonly url: string
  readonly method: 'GET' | 'POST'
  /** Among how many guests the requests go around. */
  readonly guests: number
  /** How many connections there are at most. */
  readonly connections: number
  readonly seconds: number
  /**
   * Open loop: so many requests are meant to be sent a second, whatever comes back, and a caller's time begins when its
   * request was meant to be sent. Undefined: closed loop, each connection asks again as soon as it was answered.
   */
  readonly perSecond?: number | undefined
  /** How long answers are waited for after the last request. */
  readonly patienceMs: number
}

export interface LoadFigures {
  readonly statuses: Readonly<Record<string, number>>
  /** Requests that had no answer in the end, those included for which there was never a connection. */
  readonly unanswered: number
  /** Of answers with 200 alone. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Without the time in which the caller had no connection to send it on. */
  readonly p99FromSendingMs: number
  /** By the second in which the request was meant to be sent. */
  readonly p99MsBySecond: readonly number[]
  readonly servedBySecond: readonly number[]
}

const run = promisify(execFile)

/** Puts a server under load from a process of its own. */
export async function load(order: LoadOrder): Promise<LoadFigures> {
  const script = fileURLToPath(new URL('load-process.ts', import.meta.url))
  const { stdout } = await run(process.execPath, [script, JSON.stringify(order)], { maxBuffer: 16 * 1024 * 1024 })
  return JSON.parse(stdout)
}
