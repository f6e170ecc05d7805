import { type Cache, type CallOptions, createCache, type LoadContext } from 'reprise'
import { redis } from 'reprise/redis'
import { manualClock } from '../../embedded/manual-clock.ts'
import { rest, until, wideLimits } from '../promises/scenario.ts'
import {
  describeError,
  type FromProcess,
  loaderPlace,
  type Outcome,
  type Place,
  type SentError,
  signalPlace,
  type ToProcess,
} from './protocol.ts'

// A process that has caches before the Redis of its first argument, and does with them what the test tells it.

const [, , url = '', startMs = ''] = process.argv
const clock = manualClock(Number(startMs))
const caches = new Map<number, Cache>()
const leaving = new Map<number, AbortController>()
const runs = new Map<number, (loaded: Extract<ToProcess, { kind: 'loaded' }>) => void>()
const sentErrors = new WeakMap<Error, number>()
let lastRun = 0

const tell = (message: FromProcess) => process.send?.(message)

/** An error of the test's own, which it recognizes when it comes back. */
function errorOf({ sent, message, name }: SentError): Error {
  const error = Object.assign(new Error(message), { name })
  if (sent !== undefined) sentErrors.set(error, sent)
  return error
}

const sentOf = (error: unknown) => describeError(error, error instanceof Error ? sentErrors.get(error) : undefined)

async function answer(call: number, work: () => unknown): Promise<void> {
  let outcome: Outcome
  try {
    outcome = { value: await work() }
  } catch (error) {
    outcome = { error: sentOf(error) }
  }
  tell({ kind: 'answer', call, outcome, stats: [...caches].map(([id, cache]) => [id, cache.stats()]) })
}

function cacheAt({ cache, namespaces }: Place): Cache {
  const root = caches.get(cache)
  if (root === undefined) throw new Error(`There is no cache ${cache}.`)
  return namespaces.reduce((space, { name, options }) => space.namespace(name, options), root)
}

/** Has the test run a loader of a call. */
function load(message: Extract<FromProcess, { kind: 'load' | 'loadMany' }>, signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<Extract<ToProcess, { kind: 'loaded' }>>()
  runs.set(message.run, resolve)
  signal.addEventListener('abort', () => tell({ kind: 'cancelled', run: message.run, reason: sentOf(signal.reason) }))
  tell(message)
  return promise
}

function outcomeValue(outcome: Outcome): unknown {
  if ('error' in outcome) throw errorOf(outcome.error)
  return outcome.value
}

function loaderOf(call: number, method: string) {
  if (method === 'getOrSetMany') {
    return async (keys: readonly never[], { signal }: Pick<LoadContext, 'signal'>) => {
      lastRun += 1
      return outcomeValue((await load({ kind: 'loadMany', run: lastRun, call, keys }, signal)).outcome)
    }
  }
  return async ({ key, signal, stale, setTtl, setTags, skipStore, notModified }: LoadContext) => {
    lastRun += 1
    const { outcome, wishes } = await load({ kind: 'load', run: lastRun, call, key, stale }, signal)
    if (wishes.ttl !== undefined) setTtl(wishes.ttl)
    if (wishes.tags !== undefined) setTags(wishes.tags)
    if (wishes.isUnkept) skipStore()
    return wishes.isUnmodified ? notModified() : outcomeValue(outcome)
  }
}

function run({ call, on, method, args }: Extract<ToProcess, { kind: 'run' }>): unknown {
  const controller = new AbortController()
  leaving.set(call, controller)
  const given = args.map(arg => {
    if (arg === loaderPlace) return loaderOf(call, method)
    const options = arg as CallOptions | undefined
    const hasSignal = typeof options === 'object' && options !== null && (options.signal as unknown) === signalPlace
    return hasSignal ? { ...options, signal: controller.signal } : arg
  })
  const cache = cacheAt(on) as unknown as Record<string, (...args: readonly unknown[]) => unknown>
  return cache[method]?.(...given)
}

process.on('message', (message: ToProcess) => {
  switch (message.kind) {
    case 'make':
      return void answer(message.call, async () => {
        const cache = createCache({ name: 'app', clock, redis: redis({ url, ...wideLimits }), ...message.options })
        caches.set(message.cache, cache)
        await until(() => cache.stats().bus === 'listening' && cache.stats().redis === 'up', 'Redis is reached')
      })
    case 'run':
      return void answer(message.call, () => run(message)).then(() => leaving.delete(message.call))
    case 'leave':
      return leaving.get(message.call)?.abort(errorOf(message.reason))
    case 'loaded':
      runs.get(message.run)?.(message)
      return void runs.delete(message.run)
    case 'listen':
      return void caches.get(message.cache)?.on(message.name, event => {
        const sendable = Object.entries(event).map(([name, value]) => [
          name,
          value instanceof Error ? sentOf(value) : value,
        ])
        tell({ kind: 'event', cache: message.cache, name: message.name, event: Object.fromEntries(sendable) })
      })
    case 'advance':
      return void answer(message.call, () => {
        clock.advance(message.ms)
        return rest()
      })
    case 'close':
      return void answer(message.call, async () => {
        await caches.get(message.cache)?.close()
        caches.delete(message.cache)
      })
  }
})
