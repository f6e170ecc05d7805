import { takeValue } from '../../base/codec/kept-value.ts'
import { type CacheKey, cacheKey, type Key } from '../../base/key.ts'
import type { ReadOperation } from '../cache-events.ts'
import type { Scope } from '../coherence/scope.ts'
import type { Engine } from '../engine.ts'
import { Batch, type BatchLoader } from '../load/batch.ts'
import { shortDeadlineMs } from '../load/callers.ts'
import type { LoadRequest } from '../load/load.ts'
import { look } from '../load/look.ts'
import { type Found, type Lookup, lookup, lookupMany, settle } from '../load/lookup.ts'
import type { Policy } from '../policy.ts'
import type { Question } from '../tiers/tier.ts'

/** A read that memory could not serve at once. */
export interface ReadCall {
  readonly operation: ReadOperation
  readonly policy: Policy
  readonly signal: AbortSignal | undefined
}

export interface LoadCall extends ReadCall {
  readonly operation: LoadRequest['operation']
}

/** The reading half of a facade: asks the engine, and announces each outcome once. */
export class Reads {
  readonly #engine: Engine
  readonly #scope: Scope

  constructor(engine: Engine, scope: Scope) {
    this.#engine = engine
    this.#scope = scope
  }

  /** What is there now. */
  async find(key: Key, call: ReadCall): Promise<Found | undefined> {
    const cached = cacheKey(this.#scope.prefix, key)
    const { tiers, watches, clock } = this.#engine
    const question = this.#question(call.policy)
    const startedAt = clock.monotonicMs()
    const watch = this.#isKeptNearer(call.policy) ? watches.begin(cached) : undefined
    try {
      const looked = await lookup(tiers, cached, question)
      call.signal?.throwIfAborted()
      const isFound = looked.kind !== 'miss' && watch !== undefined
      const found = isFound ? settle(tiers, cached, looked, question, watch) : looked
      return this.#announce(call.operation, cached, found, clock.monotonicMs() - startedAt)
    } finally {
      if (watch !== undefined) watches.end(watch)
    }
  }

  async findMany(keys: readonly Key[], call: ReadCall): Promise<readonly (Found | undefined)[]> {
    const cached = keys.map(key => cacheKey(this.#scope.prefix, key))
    const { clock } = this.#engine
    const startedAt = clock.monotonicMs()
    const looked = await this.#lookForMany(cached, this.#question(call.policy))
    call.signal?.throwIfAborted()
    const durationMs = clock.monotonicMs() - startedAt
    return cached.map((key, index) => this.#announce(call.operation, key, looked[index], durationMs))
  }

  async load(key: Key, produce: LoadRequest['produce'], call: LoadCall): Promise<unknown> {
    const cached = cacheKey(this.#scope.prefix, key)
    const { operation, policy } = call
    const request: LoadRequest = { operation, key: cached, givenKey: key, question: this.#question(policy), produce }
    const near = this.#near(request)
    if (near !== undefined) return takeValue(near.entry.kept)
    if (!this.#mayLookFirst(request, call)) return this.#share(request, call)
    const startedAt = this.#engine.clock.monotonicMs()
    const looked = await this.#lookFirst(request)
    const lookupMs = this.#engine.clock.monotonicMs() - startedAt
    if (looked?.kind === 'fresh') {
      this.#announce(operation, cached, looked, lookupMs)
      return takeValue(looked.entry.kept)
    }
    return this.#share(looked === undefined ? request : { ...request, found: { looked, lookupMs } }, call)
  }

  async loadMany<K extends Key>(
    keys: readonly K[],
    loader: BatchLoader<K, unknown>,
    call: LoadCall,
  ): Promise<unknown[]> {
    const question = this.#question(call.policy)
    const { clock } = this.#engine
    const startedAt = clock.monotonicMs()
    const cached = keys.map(key => cacheKey(this.#scope.prefix, key))
    const given = [...new Map(keys.map((key, index) => [cached[index] as CacheKey, key]))]
    const looked = await this.#lookForMany(
      given.map(([key]) => key),
      question,
    )
    const lookupMs = clock.monotonicMs() - startedAt
    const missing = given.filter((_, index) => looked[index]?.kind !== 'fresh').map(([, givenKey]) => givenKey)
    const batch = new Batch(loader, missing)
    const values = new Map<CacheKey, unknown>()
    const settleOne = async ([key, givenKey]: readonly [CacheKey, K], found: Lookup | undefined): Promise<void> => {
      if (found?.kind === 'fresh') {
        this.#announce(call.operation, key, found, lookupMs)
        values.set(key, takeValue(found.entry.kept))
        return
      }
      const request: LoadRequest = {
        operation: call.operation,
        key,
        givenKey,
        question,
        produce: context => batch.load(givenKey, context),
        onIdle: () => batch.leaveOut(givenKey),
        ...(found === undefined ? {} : { found: { looked: found, lookupMs } }),
      }
      // Others of the batch must not wait for a key that was refused.
      values.set(key, await this.#share(request, call).finally(request.onIdle))
    }
    await Promise.all(given.map((pair, index) => settleOne(pair, looked[index])))
    return cached.map(key => values.get(key))
  }

  /** What is kept nowhere nearer needs no watch. */
  #isKeptNearer(policy: Policy): boolean {
    return this.#engine.memory !== undefined && !policy.skipMemory
  }

  #question(policy: Policy): Question {
    const { clock, coherence } = this.#engine
    return { scope: this.#scope, policy, now: clock.now(), era: coherence.era }
  }

  async #lookForMany(keys: readonly CacheKey[], question: Question): Promise<readonly Lookup[]> {
    const { tiers, watches } = this.#engine
    const watched = this.#isKeptNearer(question.policy) ? keys.map(key => watches.begin(key)) : undefined
    try {
      const looked = await lookupMany(tiers, keys, question)
      if (watched === undefined) return looked
      return watched.map((watch, index) => {
        // Each key has its answer.
        const each = looked[index] as Lookup
        return each.kind === 'miss' ? each : settle(tiers, watch.key, each, question, watch)
      })
    } finally {
      if (watched !== undefined) for (const watch of watched) watches.end(watch)
    }
  }

  /** Most reads of a shared tier find what they seek: a load, which can be left and waited for, is begun only after a miss. */
  #mayLookFirst({ key, question }: LoadRequest, { policy, signal }: LoadCall): boolean {
    if (signal !== undefined || policy.deadlineMs < shortDeadlineMs || question.policy.skipRedis) return false
    return this.#engine.leases !== undefined && this.#engine.loads.find(key) === undefined
  }

  /** Undefined when the key was invalidated meanwhile, so that the fences that were read are of no use. */
  async #lookFirst({ key, question }: LoadRequest): Promise<Lookup | undefined> {
    const { tiers, watches } = this.#engine
    const watch = watches.begin(key)
    try {
      const looked = await look(this.#engine, key, question)
      if (watch.isFenced) return undefined
      return looked.kind === 'fresh' ? settle(tiers, key, looked, question, watch) : looked
    } finally {
      watches.end(watch)
    }
  }

  /** What memory may serve without waiting for anything, though it may be stale or soon will be; then it is refreshed. */
  #near(request: LoadRequest): Found | undefined {
    const { memory, clock, loads } = this.#engine
    const { key, question, operation } = request
    if (memory === undefined || question.policy.skipMemory) return undefined
    const startedAt = clock.monotonicMs()
    const reading = memory.read(key, question)
    if (reading.kind === 'miss') return undefined
    const { entry } = reading
    const mayRetry = question.now >= entry.retryFrom
    if (reading.kind === 'stale' && mayRetry && question.policy.graceFor === 'error') return undefined
    if (question.now >= entry.refreshFrom && mayRetry) {
      loads.refresh(reading.kind === 'fresh' ? { ...request, early: entry } : request)
    }
    const found: Found = { kind: reading.kind, tier: memory.name, entry, tried: { fences: [], unreadable: [] } }
    return this.#announce(operation, key, found, clock.monotonicMs() - startedAt)
  }

  async #share(request: LoadRequest, { operation, policy, signal }: LoadCall): Promise<unknown> {
    const { loads, clock } = this.#engine
    const startedAt = clock.monotonicMs()
    try {
      signal?.throwIfAborted()
      const shared = loads.find(request.key)
      if (shared !== undefined) request.onIdle?.()
      const load = shared ?? loads.begin(request)
      const answer = await load.callers.wait(policy.deadlineMs, signal)
      if (answer.kind === 'failed') throw answer.error
      const durationMs = clock.monotonicMs() - startedAt
      if (answer.kind === 'found') {
        this.#announce(operation, request.key, answer.found, durationMs)
        return takeValue(answer.found.entry.kept)
      }
      const miss = shared === undefined ? load.missed : { reason: 'coalesced' as const, durationMs }
      this.#engine.announce('miss', { ...this.#of(request.key), operation, ...miss })
      return answer.take()
    } catch (error) {
      const durationMs = clock.monotonicMs() - startedAt
      this.#engine.announce('read_failed', { ...this.#of(request.key), operation, error, durationMs })
      throw error
    }
  }

  /** Announces a look into the tiers, and answers what it found. */
  #announce(
    operation: ReadOperation,
    key: CacheKey,
    looked: Lookup | undefined,
    durationMs: number,
  ): Found | undefined {
    if (looked === undefined) return undefined
    for (const unreadable of looked.tried.unreadable) {
      this.#engine.announce('entry_unreadable', { ...this.#of(key), ...unreadable })
    }
    if (looked.kind === 'miss') {
      this.#engine.announce('miss', { ...this.#of(key), operation, reason: looked.reason, durationMs })
      return undefined
    }
    if (!this.#engine.events.hears('hit')) {
      this.#engine.counts.countHit(looked.kind === 'stale')
      return looked
    }
    const { kept, createdAt } = looked.entry
    const ageMs = Math.max(0, this.#engine.clock.now() - createdAt)
    const state = kept.kind === 'absent' ? 'absent' : looked.kind
    this.#engine.announce('hit', { ...this.#of(key), operation, tier: looked.tier, state, ageMs, durationMs })
    return looked
  }

  #of(key: CacheKey) {
    return { cache: this.#engine.name, namespace: this.#scope.path, key }
  }
}
