import { hash } from 'node:crypto'
import type { Announcer } from '../base/announcer.ts'
import { messageJson, type Role } from '../base/chat/message.ts'
import { type MessageId, newMessageId } from '../base/chat/message-id.ts'
import type { GuestId } from '../base/chat/principal.ts'
import type { Clock } from '../base/clock.ts'
import { gather } from '../base/gather/gather.ts'
import { type Instant, instantOf } from '../base/instant.ts'
import type { ConversationCopies, CopyMessage } from '../ports/chat/conversation-copies.ts'
import type {
  AppendOutcome,
  AppendRequest,
  AppendSettings,
  AppendTarget,
  ConversationStore,
  Place,
} from '../ports/chat/conversation-store.ts'
import type { ConversationEvents, CopyResult, StoreName } from './conversation-events.ts'
import { type CommittedRun, type CopyProgress, type CopyWriter, isInCopy } from './copy-writer.ts'
import type { OutgrownHistories } from './outgrown-histories.ts'

/** A message before it is stored. Without a timestamp the server's clock is used. */
export interface MessageDraft {
  readonly role: Role
  readonly content: string
  readonly timestamp: Instant | undefined
}

export type AppendAnswer =
  | {
      readonly kind: 'saved'
      readonly replayed: boolean
      readonly place: Place
      readonly storedIn: readonly StoreName[]
    }
  | { readonly kind: 'key_conflict' }
  | { readonly kind: 'over_quota'; readonly limit: number; readonly retryAfterSeconds: number }
  | { readonly kind: 'migrated' }
  | { readonly kind: 'unknown_conversation' }

export interface AppenderParts {
  readonly store: ConversationStore
  readonly copies: ConversationCopies | undefined
  readonly outgrown: OutgrownHistories
  readonly copyWriter: CopyWriter
  readonly announcer: Announcer<ConversationEvents>
  readonly clock: Clock
  readonly settings: AppendSettings
}

export type Append = (
  target: AppendTarget,
  draft: MessageDraft,
  idempotencyKey: string | undefined,
) => Promise<AppendAnswer>

export interface Appender {
  readonly append: Append
  /** Whether one more message would be refused, because more come than can be stored. */
  readonly isRefusing: boolean
}

interface SyncMark {
  readonly messageId: MessageId
  readonly isSynced: boolean
}

interface Committed {
  readonly outcome: AppendOutcome
  readonly storeMs: number
  /** Brings what the batch committed into the copies, with the first caller, and answers how it goes with a guest's. */
  readonly copyOf: (guestId: GuestId) => CopyProgress | undefined
}

/**
 * Appends by group commit: what arrives while a statement runs goes into the next one together. Messages of one
 * conversation are never in two statements at once, so that they keep their order on the way into the copy.
 */
export function createAppender(parts: AppenderParts): Appender {
  const { store, copies, outgrown, copyWriter, announcer, clock, settings } = parts
  const copyName = copies?.name
  const commit = gather<AppendRequest, Committed>({
    run: commitBatch,
    maxBatch: 128,
    // The next statement lies ready when the first has run; the store carries them out one after the other. One of a few
    // messages waits for more, because a statement costs as much as seven messages, and a flush, whatever it holds.
    maxRunning: 2,
    minBeside: 28,
    maxWaiting: 10_000,
    overload: { crowd: 256, clock },
    keyOf: ({ target }) => (target.kind === 'guest' ? `guest:${target.guestId}` : target.conversationId),
  })
  const correctMark = gather<SyncMark, undefined>({
    run: correctMarks,
    maxBatch: 1_000,
    maxRunning: 1,
    maxWaiting: 20_000,
  })

  async function commitBatch(batch: readonly AppendRequest[]): Promise<readonly Committed[]> {
    const startedAt = clock.monotonicMs()
    const outcomes = await store.append(batch, settings)
    const storeMs = clock.monotonicMs() - startedAt
    announcer.announce('batch_committed', { messages: batch.length, storeMs })
    // Only once somebody asks: by then the next statement is on its way, which must not wait for this.
    let progress: ReadonlyMap<GuestId, CopyProgress | undefined> | undefined
    const copyOf = (guestId: GuestId) => {
      progress ??= writeCopies(batch, outcomes)
      return progress.get(guestId)
    }
    return outcomes.map(outcome => ({ outcome, storeMs, copyOf }))
  }

  function writeCopies(batch: readonly AppendRequest[], outcomes: readonly AppendOutcome[]) {
    const runs = runsOf(batch, outcomes)
    const progress = copyWriter([...runs.values()])
    return new Map([...runs.keys()].map((guestId, index) => [guestId, progress[index]]))
  }

  async function correctMarks(marks: readonly SyncMark[]): Promise<readonly undefined[]> {
    for (const isSynced of [true, false]) {
      const messageIds = marks.filter(mark => mark.isSynced === isSynced).map(mark => mark.messageId)
      if (messageIds.length > 0) await store.markSynced(messageIds, isSynced)
    }
    return marks.map(() => undefined)
  }

  /** What `is_synced` is stored as: whether the copy will hold the message, as far as can be known before. */
  function expectsCopy(target: AppendTarget): boolean {
    if (target.kind === 'user' || copies === undefined) return true
    return copies.isAvailable && !outgrown.seems(target.guestId)
  }

  /** Sets `is_synced` right where it was expected otherwise. */
  async function keepMarkTrue({ messageId, isSynced: expected }: AppendRequest, result: CopyResult): Promise<void> {
    const isSynced = isInCopy(result)
    if (result === 'none' || result === 'fenced' || isSynced === expected) return
    await correctMark({ messageId, isSynced }).catch(error =>
      announcer.announce('side_task_failed', { task: 'mapping', owner: undefined, error }),
    )
  }

  /** Waits for the copy as long as an answer may. */
  async function awaitCopy(request: AppendRequest, copy: CopyProgress): Promise<CopyResult> {
    const result = await copy.inTime
    await keepMarkTrue(request, result)
    if (result === 'late') void copy.finally.then(final => keepMarkTrue({ ...request, isSynced: false }, final))
    return result
  }

  const append: Append = async (target, draft, idempotencyKey) => {
    const startedAt = clock.monotonicMs()
    const owner = target.kind === 'guest' ? target.guestId : target.userId
    const nowMs = clock.now()
    const request: AppendRequest = {
      target,
      messageId: newMessageId(nowMs),
      message: { role: draft.role, content: draft.content, timestamp: draft.timestamp ?? instantOf(nowMs) },
      isSynced: expectsCopy(target),
      contentHash: hash('sha256', draft.content),
      idempotency:
        idempotencyKey === undefined ? undefined : { key: idempotencyKey, fingerprint: fingerprintOf(draft) },
    }
    const { outcome, storeMs, copyOf } = await commit(request)
    if (outcome.kind === 'failed') throw outcome.error
    if (outcome.kind !== 'saved' && outcome.kind !== 'replayed') {
      announcer.announce('message_refused', { owner, reason: outcome.kind })
      return outcome.kind === 'over_quota' ? { ...outcome, retryAfterSeconds: secondsToNextMonth(nowMs) } : outcome
    }
    const copy = outcome.kind === 'saved' && target.kind === 'guest' ? copyOf(target.guestId) : undefined
    const copyResult = copy === undefined ? 'none' : await awaitCopy(request, copy)
    const inCopy = outcome.kind === 'replayed' ? target.kind === 'guest' && outcome.isSynced : isInCopy(copyResult)
    const storedIn: readonly StoreName[] = inCopy && copyName !== undefined ? [copyName, 'postgresql'] : ['postgresql']
    const { messageId, conversationId, sequence } = outcome
    const place = { messageId, conversationId, sequence }
    const replayed = outcome.kind === 'replayed'
    announcer.announce('message_saved', {
      owner,
      guest: target.kind === 'guest',
      place,
      replayed,
      copy: copyResult,
      storedIn,
      embeddingQueued: settings.embed && !replayed,
      storeMs,
      totalMs: clock.monotonicMs() - startedAt,
    })
    return { kind: 'saved', replayed, place, storedIn }
  }
  return {
    append,
    get isRefusing() {
      return commit.isRefusing
    },
  }
}

/** What a batch committed for each guest, in order of sequence. */
function runsOf(batch: readonly AppendRequest[], outcomes: readonly AppendOutcome[]): Map<GuestId, CommittedRun> {
  const runs = new Map<GuestId, CommittedRun & { readonly messages: CopyMessage[] }>()
  outcomes.forEach((outcome, index) => {
    const request = batch[index]
    if (outcome.kind !== 'saved' || request?.target.kind !== 'guest') return
    const { guestId } = request.target
    const { epoch, conversationId, sequence, headBefore: follows } = outcome
    const run = runs.get(guestId) ?? { guestId, epoch, conversationId, fromSequence: sequence, follows, messages: [] }
    run.messages.push({ id: request.messageId, json: messageJson(request.message) })
    runs.set(guestId, run)
  })
  return runs
}

function fingerprintOf(draft: MessageDraft): string {
  return hash('sha256', JSON.stringify([draft.role, draft.content, draft.timestamp ?? null]))
}

function secondsToNextMonth(nowMs: number): number {
  const now = new Date(nowMs)
  return Math.ceil((Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - nowMs) / 1000)
}
