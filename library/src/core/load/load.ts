import { keepValue, takeValue } from '../../base/codec/kept-value.ts'
import type { CacheKey, Key } from '../../base/key.ts'
import { noFence } from '../../ports/store.ts'
import type { MarkSnapshot } from '../coherence/mark-table.ts'
import type { Entry } from '../entry.ts'
import type { MissReason, Question } from '../tiers/tier.ts'
import { Callers, type LoadAnswer } from './callers.ts'
import type { EngineParts } from './engine-parts.ts'
import { type FillOutcome, fillTiers, lifeOf, newEntry } from './fill.ts'
import type { HeldLease, KeyLeases } from './key-lease.ts'
import type { KeyWatch } from './key-watches.ts'
import { type LoadContext, type LoaderWishes, loadContext } from './loader.ts'
import { look } from './look.ts'
import { type Found, type Lookup, settle } from './lookup.ts'
import { runLoader } from './run-loader.ts'

/** Why something is loaded: nothing was there, it was stale, or it soon will be. */
export type LoadReason = 'miss' | 'stale' | 'early'

export type LoadOutcome =
  | { readonly kind: 'found' | 'left_to_another' }
  | { readonly kind: 'loaded' | 'absent' | 'not_modified'; readonly kept: FillOutcome; readonly keepMs: number }
  | { readonly kind: 'failed' | 'timed_out' | 'cancelled'; readonly error: unknown }

/** How a load went, for those who announce it. */
export interface LoadReport {
  readonly key: CacheKey
  readonly operation: LoadRequest['operation']
  readonly reason: LoadReason
  readonly outcome: LoadOutcome
  /** What the first look into the tiers showed. */
  readonly lookup: Lookup | undefined
  /** How long the loader ran; undefined when none did. */
  readonly loadMs: number | undefined
}

export interface LoadRequest {
  /** The call that began it. */
  readonly operation: 'getOrSet' | 'getOrSetMany'
  readonly key: CacheKey
  readonly givenKey: Key
  readonly question: Question
  /** Runs the caller's loader. */
  readonly produce: (context: LoadContext) => unknown
  /** Told when the loader will not be needed, or not soon. */
  readonly onIdle?: () => void
  /** What was found already; else the load looks by itself. */
  readonly found?: { readonly looked: Lookup; readonly lookupMs: number }
  /** The fresh entry that is refreshed before its end. */
  readonly early?: Entry
}

/** How a load ended, and what is answered to those who still wait. */
interface Ending {
  readonly outcome: LoadOutcome
  readonly answer: LoadAnswer | undefined
}

/** A planted fence outlives the loader by this much: fills take less. */
const fillMs = 5_000
/** A refresh that failed is not tried again sooner. */
const refreshFailedMs = 1_000
/** Another process refreshes: its entry is looked for again after this long. */
const refreshedElsewhereMs = 200

/** A load shared by all who want its key: looks into the tiers, waits for the lease, runs the loader, fills the tiers. */
export class Load {
  readonly callers: Callers
  readonly done: Promise<void>
  #stale: Found | undefined
  #isBackground: boolean
  #isOver = false
  #lease: HeldLease | undefined
  readonly #request: LoadRequest
  readonly #parts: EngineParts
  readonly #onDone: (report: LoadReport) => void
  readonly #watch: KeyWatch
  readonly #cancelling = new AbortController()
  /** The marks taken before the loader runs. */
  #snapshot: MarkSnapshot
  /** The tags that the loader took the fences of while it ran. */
  readonly #held = new Set<string>()
  /** The latest invalidation then. */
  #begun: number
  #reason: LoadReason
  #lookup: Lookup | undefined
  #lookupMs = 0
  #loadMs: number | undefined
  /** Of the tiers' slots, as they were before the loader ran. */
  #fences: Lookup['tried']['fences'] = []

  /** @param onDone told how it went, just before the callers are */
  constructor(request: LoadRequest, parts: EngineParts, onDone: (report: LoadReport) => void) {
    const { scope, policy } = request.question
    this.#request = request
    this.#parts = parts
    this.#onDone = onDone
    this.#reason = request.early === undefined ? 'miss' : 'early'
    this.#isBackground = request.early !== undefined
    this.#watch = parts.watches.begin(request.key)
    this.#begun = parts.marks.invalidations
    this.#snapshot = scope.snapshot(policy.tags)
    parts.marks.hold(this.#snapshot)
    this.callers = new Callers(parts.clock, () => {
      if (!this.#isBackground) this.cancel(new Error('Nobody waits for the load any more.'))
    })
    this.done = this.#run()
  }

  /** Whether a caller that comes now may share it: not when it is over, nor when something was invalidated since it began. */
  get isCurrent(): boolean {
    if (this.#isOver || this.#watch.isFenced || this.#cancelling.signal.aborted) return false
    return !this.#parts.marks.renewedSince(this.#snapshot.marks, this.#begun)
  }

  /** Why nothing could be served when it began, and how long that took to see. */
  get missed(): { readonly reason: MissReason; readonly durationMs: number } {
    const reason = this.#lookup?.kind === 'miss' ? this.#lookup.reason : 'expired'
    return { reason, durationMs: this.#lookupMs }
  }

  cancel(reason: Error): void {
    this.#cancelling.abort(reason)
  }

  /** A newer load of the key need not wait for this one, whose value nobody else will get. */
  yieldLease(): void {
    void this.#lease?.release()
    this.#lease = undefined
  }

  async #run(): Promise<void> {
    const { outcome, answer } = await this.#lookLeaseLoad().catch((error): Ending => {
      const kind = this.#cancelling.signal.aborted ? 'cancelled' : 'failed'
      return this.#failing(kind, error)
    })
    this.#isOver = true
    this.yieldLease()
    this.#request.onIdle?.()
    this.#parts.watches.end(this.#watch)
    this.#parts.marks.release(this.#snapshot)
    // Announced first, so that whoever got the answer finds it announced.
    this.#onDone({
      key: this.#request.key,
      operation: this.#request.operation,
      reason: this.#reason,
      outcome,
      lookup: this.#lookup,
      loadMs: this.#loadMs,
    })
    if (answer !== undefined) this.callers.answer(answer)
  }

  async #lookLeaseLoad(): Promise<Ending> {
    const { clock, leases } = this.#parts
    const startedAt = clock.monotonicMs()
    const { found } = this.#request
    const looked = await this.#look(found?.looked)
    this.#lookup = looked
    this.#lookupMs = found?.lookupMs ?? clock.monotonicMs() - startedAt
    if (looked.kind === 'fresh') return this.#found(looked)
    if (looked.kind === 'stale') this.#offerStale(looked)
    this.callers.beginTiming()
    if (leases === undefined || this.#request.question.policy.skipRedis) return this.#load(looked)
    return this.#loadUnderLease(leases, looked)
  }

  async #loadUnderLease(leases: KeyLeases, first: Lookup): Promise<Ending> {
    const { key, onIdle } = this.#request
    const { signal } = this.#cancelling
    for (let looked = first; ; ) {
      signal.throwIfAborted()
      // Its value will be kept nowhere: others need not wait for it.
      if (!this.isCurrent) return this.#load(looked)
      // Goes beside the lease, so that the look after it finds the fence and nobody waits for it.
      if (lacksFence(looked)) void this.#fencesFor(looked)
      const lease = await leases.acquire(key)
      if (lease === undefined) return this.#load(looked)
      if (lease.kind === 'held') {
        this.#lease = lease
        // The former holder may have filled the tiers between our look and our lease.
        looked = await this.#look(undefined)
        return looked.kind === 'fresh' ? this.#found(looked) : this.#load(looked)
      }
      onIdle?.()
      if (this.#stale !== undefined && !this.#waitsForFresh) {
        this.#stale.entry.retryFrom = this.#parts.clock.now() + refreshedElsewhereMs
        return { outcome: { kind: 'left_to_another' }, answer: undefined }
      }
      await leases.nap(key, lease.forMs, signal)
      looked = await this.#look(undefined)
      if (looked.kind === 'fresh') return this.#found(looked)
      if (looked.kind === 'stale') this.#offerStale(looked)
    }
  }

  /** Looks into the tiers, and takes the fences of tags and namespaces, as they are before the loader runs. */
  async #look(found: Lookup | undefined): Promise<Lookup> {
    const { marks } = this.#parts
    const { key, question, early } = this.#request
    const looked = found ?? (await look(this.#parts, key, question, early))
    const snapshot = question.scope.snapshot(question.policy.tags)
    marks.hold(snapshot)
    marks.release(this.#snapshot)
    this.#snapshot = snapshot
    this.#begun = marks.invalidations
    return looked
  }

  #found(found: Found): Ending {
    return { outcome: { kind: 'found' }, answer: { kind: 'found', found: this.#settle(found) } }
  }

  /** Answers the callers with what there is, and goes on though nobody waits any more; or keeps it for the worst. */
  #offerStale(found: Found): void {
    if (this.#reason === 'miss') this.#reason = 'stale'
    this.#stale = this.#settle(found)
    const answer: LoadAnswer = { kind: 'found', found: this.#stale }
    if (this.#waitsForFresh) {
      this.callers.atDeadline = answer
      return
    }
    this.#isBackground = true
    this.callers.answer(answer)
  }

  get #waitsForFresh(): boolean {
    return this.#request.question.policy.graceFor === 'error'
  }

  #settle(found: Found): Found {
    return settle(this.#parts.tiers, this.#request.key, found, this.#request.question, this.#watch)
  }

  /** The fences that the fill presents: where a read found nothing, the tier is asked for one, for what was there may have been evicted. */
  async #fencesFor({ tried: { fences } }: Lookup): Promise<Lookup['tried']['fences']> {
    const { key, question } = this.#request
    const lifeMs = question.policy.loaderTimeoutMs + fillMs
    const asked = this.#parts.tiers.map((tier, place) =>
      fences[place] === noFence ? tier.fence?.(key, lifeMs) : fences[place],
    )
    return Promise.all(asked)
  }

  async #load(looked: Lookup): Promise<Ending> {
    const { givenKey, question, produce } = this.#request
    const { policy } = question
    this.#fences = lacksFence(looked) && this.isCurrent ? await this.#fencesFor(looked) : looked.tried.fences
    this.#cancelling.signal.throwIfAborted()
    const replaced = looked.kind === 'miss' ? undefined : looked.entry
    const stale = replaced === undefined ? undefined : { value: takeValue(replaced.kept) }
    const { context, wishes } = loadContext(givenKey, this.#cancelling.signal, stale, policy, tags =>
      this.#holdTags(tags),
    )
    const run = await runLoader(() => produce(context), policy.loaderTimeoutMs, this.#cancelling, this.#parts.clock)
    this.#loadMs = run.loadMs
    if (run.kind === 'value') return this.#keep(run.value, wishes(), looked)
    if (this.#stale !== undefined) this.#stale.entry.retryFrom = this.#parts.clock.now() + refreshFailedMs
    return this.#failing(run.kind, run.error)
  }

  /** The error reaches the callers, unless there is something stale to serve in its place. */
  #failing(kind: 'failed' | 'timed_out' | 'cancelled', error: unknown): Ending {
    const answer: LoadAnswer =
      this.#stale === undefined ? { kind: 'failed', error } : { kind: 'found', found: this.#stale }
    return { outcome: { kind, error }, answer }
  }

  async #keep(value: unknown, wishes: LoaderWishes, looked: Lookup): Promise<Ending> {
    const { policy } = this.#request.question
    const replaced = wishes.isUnmodified && looked.kind !== 'miss' ? looked.entry : undefined
    const kind = replaced !== undefined ? 'not_modified' : value === undefined ? 'absent' : 'loaded'
    const startedAt = this.#parts.clock.monotonicMs()
    if (wishes.isUnkept) {
      const take = () => (replaced === undefined ? value : takeValue(replaced.kept))
      return { outcome: { kind, kept: [], keepMs: 0 }, answer: { kind: 'loaded', take } }
    }
    const kept = replaced?.kept ?? keepValue(value)
    const answer: LoadAnswer = { kind: 'loaded', take: () => takeValue(kept) }
    // Whoever cannot wait until it is written gets it at the deadline.
    this.callers.atDeadline = answer
    const tags = replaced === undefined ? wishes.tags : [...new Set([...replaced.tags, ...wishes.tags])]
    const lifeMs = lifeOf(kept, wishes.ttlMs ?? policy.ttlMs, policy)
    const outcome = lifeMs > 0 ? await this.#fill(kept, lifeMs, tags) : []
    return { outcome: { kind, kept: outcome, keepMs: this.#parts.clock.monotonicMs() - startedAt }, answer }
  }

  async #fill(kept: Entry['kept'], lifeMs: number, tags: readonly string[]): Promise<FillOutcome> {
    const { clock, coherence, marks, tiers } = this.#parts
    const { key, question } = this.#request
    const { policy } = question
    const snapshot = await this.#snapshotUnder(tags, lifeMs)
    // What is made while the bus is deaf is dropped when it listens again, also when it was begun before.
    const era = coherence.isDeaf ? coherence.era : question.era
    const loadMs = this.#loadMs ?? 0
    const entry = newEntry({ kept, lifeMs, now: clock.now(), loadMs, tags, snapshot, era, policy })
    const isFenced = () => this.#watch.isFenced || marks.renewedSince(snapshot.marks, this.#begun)
    const outcome = await fillTiers(tiers, { key, entry, question, fences: this.#fences, isFenced })
    // A pattern finds no key that is written just behind its scan: the write is taken back.
    if (this.#watch.isFenced && outcome.some(({ outcome: kept }) => kept === 'stored')) this.#parts.retract(key)
    return outcome
  }

  /** Takes the fences of tags that the loader named while it runs. What was renewed since it began stays renewed. */
  #holdTags(tags: readonly string[]): Promise<void> | undefined {
    const { keeper, clock, marks } = this.#parts
    const { scope, policy } = this.#request.question
    const extend = () => {
      if (this.#isOver) return
      for (const tag of tags) this.#held.add(tag)
      const snapshot = this.#taken([...this.#held])
      marks.hold(snapshot)
      marks.release(this.#snapshot)
      this.#snapshot = snapshot
    }
    const now = clock.now()
    const until = now + policy.ttlMs + policy.graceMs
    const wanted = keeper.wanted(scope.marks(tags), policy.partitionGraceMs, now, until)
    if (wanted.length > 0) return keeper.ask(wanted, until).then(extend)
    extend()
    return undefined
  }

  /** The marks taken before the loader ran; those of tags that it named are asked for now, and must not have been renewed since. */
  async #snapshotUnder(tags: readonly string[], lifeMs: number): Promise<MarkSnapshot> {
    const { keeper, clock } = this.#parts
    const { scope, policy } = this.#request.question
    if (tags.every(tag => policy.tags.includes(tag))) return this.#snapshot
    if (tags.every(tag => policy.tags.includes(tag) || this.#held.has(tag))) return this.#taken(tags)
    const now = clock.now()
    const until = now + lifeMs + policy.graceMs
    const wanted = keeper.wanted(scope.marks(tags), policy.partitionGraceMs, now, until)
    if (wanted.length > 0) await keeper.ask(wanted, until)
    return this.#taken(tags)
  }

  #taken(tags: readonly string[]): MarkSnapshot {
    return this.#snapshot.over(this.#request.question.scope.marks(tags))
  }
}

function lacksFence({ tried }: Lookup): boolean {
  return tried.fences.includes(noFence)
}
