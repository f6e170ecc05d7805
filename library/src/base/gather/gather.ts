import { RepriseError } from '../reprise-error.ts'
import { Overload, type OverloadOptions } from './overload.ts'

export interface GatherOptions<Request, Result> {
  /** Carries out a batch and answers in its order. When it rejects, every request of the batch rejects. */
  readonly run: (batch: readonly Request[]) => Promise<readonly Result[]>
  /** How many requests one batch holds at most. */
  readonly maxBatch: number
  /** How many batches run at once. */
  readonly maxRunning: number
  /**
   * How many requests a batch holds at least that begins beside one that runs. Default 1. Where a batch costs something
   * whatever it holds, fewer had better wait for the one that runs, and for more.
   */
  readonly minBeside?: number
  /** How many requests wait at most; past it a request is refused with `overloaded`. */
  readonly maxWaiting: number
  /**
   * Refuses with `overloaded` what comes faster than it is done: while the queue stands, all past its crowd, those that run
   * included. Without it requests are refused past `maxWaiting` alone.
   */
  readonly overload?: OverloadOptions
  /** Requests of one key never run in two batches at once, and keep their order of arrival. */
  readonly keyOf?: (request: Request) => string
}

export interface Gather<Request, Result> {
  (request: Request): Promise<Result>
  /** How many requests wait to be taken into a batch. */
  readonly waiting: number
  /** Whether a request that came now would be refused, because more comes than is done. */
  readonly isRefusing: boolean
}

interface Waiting<Request, Result> {
  readonly request: Request
  readonly key: string | undefined
  /** When it came, by the monotonic clock; 0 where overload is not watched. */
  readonly atMs: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers single requests into batches: whatever arrives in one tick, or while all batches run, goes together. Nobody
 * waits for a timer, so that a lone request costs no delay and a crowd shares one statement.
 */
export function gather<Request, Result>(options: GatherOptions<Request, Result>): Gather<Request, Result> {
  const { minBeside = 1 } = options
  let waiting: Waiting<Request, Result>[] = []
  const runningKeys = new Set<string>()
  const overload = options.overload === undefined ? undefined : new Overload(options.overload)
  const { crowd = Number.POSITIVE_INFINITY, clock } = options.overload ?? {}
  let running = 0
  /** Requests in the batches that run. */
  let taken = 0
  let scheduled = false

  /** Lets the tick's other requests come before the first batch is taken. */
  function schedule(): void {
    if (scheduled || running >= options.maxRunning || (running > 0 && waiting.length < minBeside)) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      startWaiting()
    })
  }

  function startWaiting(): void {
    while (running < options.maxRunning) {
      const batch = takeBatch(running === 0 ? 1 : minBeside)
      if (batch.length === 0) return
      void carryOut(batch)
    }
  }

  /** Sees whether the queue stands; when it begins to, those go who have waited longest. */
  function watch(): void {
    if (waiting[0] === undefined || !overload?.look(waiting.length + taken, waiting[0].atMs)) return
    const refused = waiting.splice(0, Math.min(waiting.length, waiting.length + taken - crowd))
    for (const entry of refused) entry.reject(overloaded())
  }

  /** Takes what may go now; nothing, where that is less than `fewest`. */
  function takeBatch(fewest: number): Waiting<Request, Result>[] {
    const batch: Waiting<Request, Result>[] = []
    const held: Waiting<Request, Result>[] = []
    for (const entry of waiting) {
      const free = entry.key === undefined || !runningKeys.has(entry.key)
      if (free && batch.length < options.maxBatch) batch.push(entry)
      else held.push(entry)
    }
    if (batch.length < fewest) return []
    waiting = held
    taken += batch.length
    watch()
    return batch
  }

  async function carryOut(batch: readonly Waiting<Request, Result>[]): Promise<void> {
    running += 1
    for (const { key } of batch) if (key !== undefined) runningKeys.add(key)
    const settle = await run(batch)
    running -= 1
    taken -= batch.length
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
    if (waiting.length + taken >= crowd) {
      watch()
      if (isRefusing()) {
        overload?.refuse()
        return Promise.reject(overloaded())
      }
    }
    return new Promise((resolve, reject) => {
      waiting.push({ request, key: options.keyOf?.(request), atMs: clock?.monotonicMs() ?? 0, resolve, reject })
      schedule()
    })
  }

  const isRefusing = () => (overload?.isPresent ?? false) && waiting.length + taken >= crowd
  return Object.defineProperties(request, {
    waiting: { get: () => waiting.length },
    isRefusing: { get: isRefusing },
  }) as unknown as Gather<Request, Result>
}

function overloaded(): RepriseError {
  return new RepriseError('overloaded', 'More requests come than can be answered now; try again in a second.', {
    retryAfterSeconds: 1,
  })
}
