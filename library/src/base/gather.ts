import { RepriseError } from './reprise-error.ts'

export interface GatherOptions<Request, Result> {
  /** Carries out a batch and answers in its order. When it rejects, every request of the batch rejects. */
  readonly run: (batch: readonly Request[]) => Promise<readonly Result[]>
  /** How many requests one batch holds at most. */
  readonly maxBatch: number
  /** How many batches run at once. */
  readonly maxRunning: number
  /** How many requests wait at most; past it a request is refused with `overloaded`. */
  readonly maxWaiting: number
  /** Requests of one key never run in two batches at once, and keep their order of arrival. */
  readonly keyOf?: (request: Request) => string
}

export interface Gather<Request, Result> {
  (request: Request): Promise<Result>
  /** How many requests wait to be taken into a batch. */
  readonly waiting: number
}

interface Waiting<Request, Result> {
  readonly request: Request
  readonly key: string | undefined
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers single requests into batches: whatever arrives in one tick, or while all batches run, goes together. Nobody
 * waits for a timer, so that a lone request costs no delay and a crowd shares one statement.
 */
export function gather<Request, Result>(options: GatherOptions<Request, Result>): Gather<Request, Result> {
  let waiting: Waiting<Request, Result>[] = []
  const runningKeys = new Set<string>()
  let running = 0
  let scheduled = false

  /** Lets the tick's other requests come before the first batch is taken. */
  function schedule(): void {
    if (scheduled || running >= options.maxRunning) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      startWaiting()
    })
  }

  function startWaiting(): void {
    while (running < options.maxRunning) {
      const batch = takeBatch()
      if (batch.length === 0) return
      void carryOut(batch)
    }
  }

  function takeBatch(): Waiting<Request, Result>[] {
    const batch: Waiting<Request, Result>[] = []
    const held: Waiting<Request, Result>[] = []
    for (const entry of waiting) {
      const free = entry.key === undefined || !runningKeys.has(entry.key)
      if (free && batch.length < options.maxBatch) batch.push(entry)
      else held.push(entry)
    }
    waiting = held
    return batch
  }

  async function carryOut(batch: readonly Waiting<Request, Result>[]): Promise<void> {
    running += 1
    for (const { key } of batch) if (key !== undefined) runningKeys.add(key)
    const settle = await run(batch)
    running -= 1
    for (const { key } of batch) if (key !== undefined) runningKeys.delete(key)
    // What came meanwhile goes on its way before the answers keep the process busy.
    startWaiting()
    settle()
  }

  /** Resolves to what tells the requests how it went. */
  async function run(batch: readonly Waiting<Request, Result>[]): Promise<() => void> {
    try {
      const results = await options.run(batch.map(entry => entry.request))
      // `run` promises one result per request, in order.
      return () => {
        for (const [index, entry] of batch.entries()) entry.resolve(results[index] as Result)
      }
    } catch (error) {
      return () => {
        for (const entry of batch) entry.reject(error)
      }
    }
  }

  function request(request: Request): Promise<Result> {
    if (waiting.length >= options.maxWaiting) {
      return Promise.reject(
        new RepriseError('overloaded', `${options.maxWaiting} requests wait already; try again in a second.`, {
          retryAfterSeconds: 1,
        }),
      )
    }
    return new Promise((resolve, reject) => {
      waiting.push({ request, key: options.keyOf?.(request), resolve, reject })
      schedule()
    })
  }
  return Object.defineProperty(request, 'waiting', { get: () => waiting.length }) as unknown as Gather<Request, Result>
}
