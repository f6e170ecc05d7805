import type { Clock } from '../../base/clock.ts'
import { readEntry, type WrittenEntry, writeEntry } from '../../base/codec/entry-bytes.ts'
import type { CacheKey } from '../../base/key.ts'
import { type KeyFence, noFence, type StoreReading } from '../../ports/store.ts'
import type { MarkKeeper } from '../coherence/mark-keeper.ts'
import { isKnownMark, type KnownMark, type MarkSnapshot } from '../coherence/mark-table.ts'
import { Entry } from '../entry.ts'
import type { Policy } from '../policy.ts'
import { type GuardedStore, isAway } from './guarded-store.ts'
import type { Fill, KeepOutcome, MissReason, Question, Tier, TierReading } from './tier.ts'

export interface StoreTierOptions {
  readonly store: GuardedStore
  readonly marks: MarkKeeper
  readonly clock: Clock
  /** Whether an invalidation of the key waits to be carried out in the store, so that nothing there may be believed. */
  readonly isBlocked: (key: CacheKey) => boolean
}

/** A mark confirmed this recently is not doubted when an entry bears another one. */
const undoubtedMs = 1_000

/** A tier that processes share. Reads entries, compares their marks, writes under fences. */
export class StoreTier implements Tier {
  readonly name: string
  readonly isShared = true
  readonly #options: StoreTierOptions

  constructor(options: StoreTierOptions) {
    this.name = options.store.name
    this.#options = options
  }

  get isUp(): boolean {
    return this.#options.store.isUp
  }

  isSkipped(policy: Policy): boolean {
    return policy.skipRedis
  }

  async read(key: CacheKey, question: Question): Promise<TierReading> {
    if (this.#options.isBlocked(key)) return blocked
    return this.#judge(await this.#options.store.read(key), question)
  }

  peek(key: CacheKey, question: Question): Promise<TierReading> {
    return this.read(key, question)
  }

  async readMany(keys: readonly CacheKey[], question: Question): Promise<readonly TierReading[]> {
    const readings = await this.#options.store.readMany(keys)
    const judged: TierReading[] = new Array(keys.length)
    const asking: Promise<void>[] = []
    for (let place = 0; place < keys.length; place += 1) {
      const reading = readings[place]
      const isBelieved = reading !== undefined && !this.#options.isBlocked(keys[place] as CacheKey)
      const answer = isBelieved ? this.#judge(reading, question) : blocked
      if (!(answer instanceof Promise)) judged[place] = answer
      else {
        const settling = answer.then(late => {
          judged[place] = late
        })
        asking.push(settling)
      }
    }
    if (asking.length > 0) await Promise.all(asking)
    return judged
  }

  async fence(key: CacheKey, lifeMs: number): Promise<KeyFence | undefined> {
    const { store, clock } = this.#options
    const fence = await store.fence(key, clock.now() + lifeMs)
    return isAway(fence) ? undefined : fence
  }

  async keep(key: CacheKey, { entry, scope, fence }: Fill): Promise<KeepOutcome> {
    const { store, isBlocked } = this.#options
    // An unfenced write replaces whatever an invalidation that is under way would remove.
    if (fence !== undefined && isBlocked(key)) return 'unavailable'
    // Whatever was in the slot may have been evicted: that nothing is there proves nothing.
    if (fence === noFence) return 'unavailable'
    if (!entry.snapshot.values.every(isKnownMark)) return 'unavailable'
    if (!entry.snapshot.isCurrent()) return 'fenced'
    const bytes = writeEntry({ ...entry, marks: entry.snapshot.values }, scope.paths.length)
    const [outcome] = await store.write([{ key, bytes, fence, keepUntil: entry.staleUntil }])
    return outcome?.kind ?? 'unavailable'
  }

  #judge(reading: StoreReading, question: Question): TierReading | Promise<TierReading> {
    if (reading.kind === 'unavailable') return miss('unavailable', undefined, reading.reason.message)
    const { fence } = reading
    if (reading.kind === 'nothing') return miss('absent', fence)
    const { scope, policy, now } = question
    const parsed = readEntry(reading.bytes, scope.paths.length)
    if (parsed.kind === 'unreadable') return miss('unreadable', fence, parsed.reason)
    const { entry } = parsed
    if (now >= entry.staleUntil) return miss('expired', fence)
    const snapshot = scope.snapshot(entry.tags)
    const doubtful = this.#doubtful(snapshot, entry, question)
    if (doubtful.length === 0) return compare(snapshot, entry, question, fence)
    return this.#options.marks.ask(doubtful, entry.staleUntil).then(() => {
      if (this.#options.marks.unknown(snapshot.marks, policy.partitionGraceMs, now).length > 0) {
        return miss('unavailable', undefined, 'the marks of its tags cannot be asked for')
      }
      return compare(scope.snapshot(entry.tags), entry, question, fence)
    })
  }

  /** Marks that must be asked for: unknown ones, and those that differ from the entry's and were confirmed long ago. */
  #doubtful({ marks, values }: MarkSnapshot, entry: WrittenEntry, { policy, now }: Question): readonly KnownMark[] {
    const unknown = this.#options.marks.unknown(marks, policy.partitionGraceMs, now)
    if (isSame(values, entry.marks)) return unknown
    const differing = marks.filter(
      (mark, index) =>
        mark.value !== entry.marks[index] && mark.unsettled === 0 && mark.confirmedAt + undoubtedMs <= now,
    )
    return differing.length === 0 ? unknown : [...new Set([...unknown, ...differing])]
  }
}

/** The entry, when it was written under the present marks. */
function compare(
  snapshot: MarkSnapshot,
  written: WrittenEntry,
  { policy, now, era }: Question,
  fence: KeyFence,
): TierReading {
  if (!isSame(snapshot.values, written.marks)) return miss('invalidated', fence)
  const entry = new Entry({
    kept: written.kept,
    createdAt: written.createdAt,
    freshUntil: written.freshUntil,
    staleUntil: written.staleUntil,
    loadMs: written.loadMs,
    tags: written.tags,
    snapshot,
    era,
    keptAt: now,
    earlyBeta: policy.earlyBeta,
  })
  return { kind: now < entry.freshUntil ? 'fresh' : 'stale', entry, fence }
}

function isSame(marks: readonly string[], others: readonly string[]): boolean {
  for (let index = 0; index < marks.length; index += 1) if (marks[index] !== others[index]) return false
  return true
}

function miss(reason: MissReason, fence: KeyFence | undefined, detail?: string): TierReading {
  return detail === undefined ? { kind: 'miss', reason, fence } : { kind: 'miss', reason, fence, detail }
}

const blocked: TierReading = {
  kind: 'miss',
  reason: 'unavailable',
  fence: undefined,
  detail: 'an invalidation of the key waits to be carried out',
}
