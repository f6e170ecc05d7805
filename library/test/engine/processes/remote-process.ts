import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { CacheEvents, CacheOptions, CacheStats, LoadContext } from 'reprise'
import { describeError, type FromProcess, type SentError, type Stats, type ToProcess, type Wishes } from './protocol.ts'

/** What the test keeps of a call while it is under way. */
interface Call {
  readonly settle: (answer: Extract<FromProcess, { kind: 'answer' }>) => void
  readonly loader: ((...args: readonly never[]) => unknown) | undefined
}

type Request = ToProcess extends infer Each ? (Each extends { call: number } ? Omit<Each, 'call'> : never) : never

/** Another process, with caches of its own. */
export class RemoteProcess {
  readonly #child: ChildProcess
  readonly #calls = new Map<number, Call>()
  readonly #runs = new Map<number, AbortController>()
  readonly #listeners = new Map<string, Set<(event: never) => void>>()
  readonly #stats = new Map<number, CacheStats>()
  readonly #errors: unknown[] = []
  #lastCall = 0

  constructor(url: string, startMs: number) {
    const program = join(import.meta.dirname, 'cache-process.ts')
    this.#child = fork(program, [url, `${startMs}`], { serialization: 'advanced' })
    this.#child.on('message', message => void this.#hear(message as FromProcess))
  }

  async make(cache: number, options: Partial<CacheOptions>): Promise<void> {
    await this.request({ kind: 'make', cache, options })
  }

  /** Sends a request, and resolves to its answer or rejects with its error. */
  request(request: Request, loader?: Call['loader'], signal?: AbortSignal): Promise<unknown> {
    this.#lastCall += 1
    const call = this.#lastCall
    return new Promise((resolve, reject) => {
      const settle: Call['settle'] = ({ outcome, stats }) => {
        this.#note(stats)
        if ('error' in outcome) reject(this.#errorOf(outcome.error))
        else resolve(outcome.value)
      }
      this.#calls.set(call, { settle, loader })
      // Each member of `Request` is one of `ToProcess` without its call.
      this.#tell({ ...request, call } as ToProcess)
      const leave = () => this.#tell({ kind: 'leave', call, reason: this.#sent(signal?.reason) })
      if (signal?.aborted) leave()
      else signal?.addEventListener('abort', leave)
    })
  }

  listen<Name extends keyof CacheEvents>(cache: number, name: Name, listener: (event: CacheEvents[Name]) => void) {
    const place = `${cache} ${name}`
    const listeners = this.#listeners.get(place) ?? new Set()
    if (listeners.size === 0) this.#tell({ kind: 'listen', cache, name })
    this.#listeners.set(place, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** As of the last answer. */
  statsOf(cache: number): CacheStats {
    const stats = this.#stats.get(cache)
    if (stats === undefined) throw new Error(`Cache ${cache} has answered nothing yet.`)
    return stats
  }

  /** Holds it up in the middle of whatever it does. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** Kills it; its calls are never answered. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  #tell(message: ToProcess): void {
    if (this.#child.connected) this.#child.send(message)
  }

  #note(stats: Stats): void {
    for (const [cache, each] of stats) this.#stats.set(cache, each)
  }

  #sent(error: unknown): SentError {
    return describeError(error, this.#errors.push(error) - 1)
  }

  #errorOf(sent: SentError): unknown {
    if (sent.sent !== undefined) return this.#errors[sent.sent]
    return Object.assign(new Error(sent.message), sent)
  }

  async #hear(message: FromProcess): Promise<void> {
    switch (message.kind) {
      case 'answer':
        this.#calls.get(message.call)?.settle(message)
        // Its loader may run on behind the answer.
        return
      case 'load':
      case 'loadMany':
        return this.#load(message)
      case 'cancelled':
        return this.#runs.get(message.run)?.abort(this.#errorOf(message.reason))
      case 'event': {
        const { event } = message
        const error = 'error' in event && isSentError(event.error) ? { error: this.#errorOf(event.error) } : {}
        const listeners = this.#listeners.get(`${message.cache} ${message.name}`) ?? []
        // The process sent the event of this name.
        for (const listener of listeners) listener({ ...event, ...error } as never)
      }
    }
  }

  async #load(message: Extract<FromProcess, { kind: 'load' | 'loadMany' }>): Promise<void> {
    const { run, call } = message
    const cancelling = new AbortController()
    this.#runs.set(run, cancelling)
    const { context, wishes } = contextOf(cancelling.signal, message)
    const args = message.kind === 'load' ? [context] : [message.keys, context]
    // The process got the call with this loader, and asks it for what the method gives to loaders.
    const loader = this.#calls.get(call)?.loader as ((...args: readonly unknown[]) => unknown) | undefined
    try {
      const value = await loader?.(...args)
      this.#tell({ kind: 'loaded', run, outcome: { value }, wishes: wishes() })
    } catch (error) {
      this.#tell({ kind: 'loaded', run, outcome: { error: this.#sent(error) }, wishes: wishes() })
    }
    this.#runs.delete(run)
  }
}

/** A loader's context on the test's side: what is said through it goes back with the value. */
function contextOf(signal: AbortSignal, message: Extract<FromProcess, { kind: 'load' | 'loadMany' }>) {
  let wishes: Wishes = {}
  const { key, stale } = message.kind === 'load' ? message : { key: '', stale: undefined }
  const context: LoadContext = {
    key,
    signal,
    stale,
    setTtl: ttl => {
      wishes = { ...wishes, ttl }
    },
    setTags: tags => {
      wishes = { ...wishes, tags }
    },
    holdTags: () => Promise.reject(new Error('Tags are not held from another process.')),
    skipStore: () => {
      wishes = { ...wishes, isUnkept: true }
    },
    notModified: () => {
      wishes = { ...wishes, isUnmodified: true }
      return undefined as never
    },
  }
  return { context, wishes: () => wishes }
}

function isSentError(value: unknown): value is SentError {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value
}
