import type { Announcer, Clock, Embedder, Outbox } from 'reprise'
import { type BackOff, backOffMs, fullJitter } from './back-off.ts'
import type { EmbeddingEvents } from './embedding-events.ts'
import { embedItems, type RoundOutcome } from './embedding-round.ts'
import { missingEmbeddings } from './missing-embeddings.ts'
import { callModel } from './model-call.ts'
import type { PeriodicWorker } from './periodic.ts'
import { type Rate, TokenBucket } from './token-bucket.ts'

export interface EmbeddingWorkerOptions {
  readonly outbox: Outbox
  readonly embedder: Embedder
  readonly announcer: Announcer<EmbeddingEvents>
  readonly clock: Clock
  /** Texts that are sent to the model. Default 100 a second, 200 at once. */
  readonly rate?: Rate
  /** The share of time spent at work, 0 to 1: below 1 for models that run on this machine's CPU. Default 1. */
  readonly maxBusyShare?: number
  /** Texts claimed at a time. Default: what one call of the embedder takes. */
  readonly batch?: number
  /** Tries before a message is set aside. Default 8, which with `retry` as it is span about an hour. */
  readonly maxAttempts?: number
  /** Between the tries of one message. */
  readonly retry?: BackOff
  /** Between rounds while the model fails. */
  readonly pause?: BackOff
  /** How long one call of the model may take. Default 30,000. */
  readonly callLimitMs?: number
  /** How long a claim holds if the process dies. Default: four calls. */
  readonly leaseMs?: number
  /** How often the outbox is asked without being woken: retries, and messages that other servers took. Default 1,000. */
  readonly pollMs?: number
  /** How often all messages are searched for missing embeddings, beginning at the start. Default an hour. */
  readonly searchEveryMs?: number
  /** Messages looked at in one step of the search, and the rest between steps. Default 1,000 and 250. */
  readonly searchPageSize?: number
  readonly searchRestMs?: number
  /** How long `close` lets the running call go on. Default 5,000. */
  readonly closeLimitMs?: number
}

const woken = Symbol('woken')

/** After being woken, so that messages of the same moment share a claim. */
const gatherMs = 20
/** For giving claims back while closing; past it they expire. */
const giveBackLimitMs = 2_000

/**
 * Embeds messages from the outbox, in the background: woken by appends, and by polling. While the model fails, rounds
 * come ever more rarely and try a single message; the chat goes on either way.
 */
export function startEmbeddingWorker(options: EmbeddingWorkerOptions): PeriodicWorker {
  const { outbox, embedder, announcer, clock } = options
  const { maxBusyShare = 1, maxAttempts = 8, callLimitMs = 30_000, pollMs = 1_000, searchRestMs = 250 } = options
  const { closeLimitMs = 5_000, leaseMs = 4 * callLimitMs, batch = embedder.maxBatch } = options
  const { retry = { firstMs: 5_000, factor: 4, maxMs: 3_600_000 } } = options
  const { pause = { firstMs: 1_000, factor: 2, maxMs: 60_000 } } = options
  const rate = options.rate ?? { perSecond: 100, burst: 200 }
  const model = embedder.model
  const bucket = new TokenBucket(rate, clock)
  const ending = new AbortController()
  const callingOff = new AbortController()
  let nap = new AbortController()
  let modelFailures = 0
  let outboxFailures = 0

  const search = missingEmbeddings({
    outbox,
    announcer,
    clock,
    model,
    pageSize: options.searchPageSize ?? 1_000,
    everyMs: options.searchEveryMs ?? 3_600_000,
  })

  const round = {
    outbox,
    announcer,
    clock,
    model,
    maxAttempts,
    retry,
    call: (texts: readonly string[]) => {
      bucket.take(texts.length)
      return callModel(texts, { embedder, clock, limitMs: callLimitMs, signal: callingOff.signal })
    },
  }

  /** Pauses that a wake-up does not cut short. */
  const rest = (durationMs: number) => clock.sleep(durationMs, ending.signal)
  /** Waits for being woken. */
  async function idle(durationMs: number): Promise<void> {
    await clock.sleep(durationMs, AbortSignal.any([ending.signal, nap.signal]))
    if (nap.signal.aborted) await rest(gatherMs)
  }

  async function live(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        await oneRound()
      } catch (error) {
        announcer.announce('outbox_failed', { error })
        outboxFailures += 1
        await rest(pauseMs(outboxFailures))
      }
    }
  }

  async function oneRound(): Promise<void> {
    const wanted = modelFailures > 0 ? 1 : batch
    // Never more than a second's worth, so that a low rate is spread over time.
    const waitMs = bucket.waitMs(Math.min(wanted, Math.ceil(rate.perSecond)))
    if (waitMs > 0) return rest(waitMs)

    nap = new AbortController()
    const startedAt = clock.monotonicMs()
    const items = await outbox.claim(wanted, leaseMs)
    outboxFailures = 0
    if (items.length === 0) return idleOrSearch()
    const outcome = await embedItems(items, startedAt + leaseMs - callLimitMs, round)
    await restAfter(outcome, clock.monotonicMs() - startedAt)
  }

  async function idleOrSearch(): Promise<void> {
    const step = modelFailures > 0 ? 'resting' : await search()
    if (step !== 'found') await idle(step === 'searching' ? searchRestMs : pollMs)
  }

  async function restAfter(outcome: RoundOutcome, workedMs: number): Promise<void> {
    if (outcome.kind === 'failed') {
      modelFailures += 1
      await rest(Math.max(outcome.retryAfterMs, pauseMs(modelFailures)))
    } else {
      modelFailures = 0
      await rest(workedMs * (1 / maxBusyShare - 1))
    }
  }

  /** Half of it is chance, so that servers whose model failed at once do not come back at once. */
  function pauseMs(failures: number): number {
    const bound = backOffMs(pause, failures)
    return bound / 2 + fullJitter(bound / 2)
  }

  const life = live()
  return {
    wake: () => {
      // With a reason, and once: else Node builds an exception for every message.
      if (!nap.signal.aborted) nap.abort(woken)
    },
    close: async () => {
      ending.abort()
      const over = new AbortController()
      const patience = async () => {
        await clock.sleep(closeLimitMs, over.signal)
        callingOff.abort()
        await clock.sleep(giveBackLimitMs, over.signal)
      }
      await Promise.race([life, patience()])
      over.abort()
    },
  }
}
