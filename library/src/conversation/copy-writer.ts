import type { Announcer } from '../base/announcer.ts'
import type { ConversationId } from '../base/chat/message-id.ts'
import type { GuestId } from '../base/chat/principal.ts'
import type { Clock } from '../base/clock.ts'
import type { ConversationCopies, CopyAppend, CopyAppendOutcome } from '../ports/chat/conversation-copies.ts'
import type { ConversationStore } from '../ports/chat/conversation-store.ts'
import type { ConversationEvents, CopyResult } from './conversation-events.ts'
import type { HistoryLoader } from './history-loader.ts'
import type { OutgrownHistories } from './outgrown-histories.ts'

export interface CopyWriterParts {
  readonly store: ConversationStore
  readonly copies: ConversationCopies | undefined
  readonly loader: HistoryLoader
  readonly outgrown: OutgrownHistories
  readonly announcer: Announcer<ConversationEvents>
  readonly clock: Clock
}

/** What one commit added to one guest's conversation. */
export interface CommittedRun extends CopyAppend {
  readonly conversationId: ConversationId
}

/** How long an answer waits for the copy. */
const copyLimitMs = 25
/** How long a message that came early waits for those before it, and how often. */
const earlyPauseMs = 3
const earlyTries = 4

/** Whether the copy held a run's messages when the answer had to be given. */
export function isInCopy(result: CopyResult): boolean {
  return result === 'appended' || result === 'present' || result === 'refilled'
}

/** How it went with the copy: when the answer had to be given, and in the end. */
export interface CopyProgress {
  readonly inTime: Promise<CopyResult>
  readonly finally: Promise<CopyResult>
}

export type CopyWriter = (runs: readonly CommittedRun[]) => readonly CopyProgress[]

/**
 * Brings committed messages into the copy: one call for all guests of a batch, and a refill from PostgreSQL where the
 * copy has nothing to append to. The results stand in the order of the runs; nothing here fails a message.
 */
export function createCopyWriter(parts: CopyWriterParts): CopyWriter {
  const { store, copies, loader, outgrown, announcer, clock } = parts

  function appendAll(tier: ConversationCopies, runs: readonly CommittedRun[]): Promise<CopyAppendOutcome>[] {
    if (runs.length === 0) return []
    const startedAt = clock.monotonicMs()
    const appending = tier.append(runs)
    appending.then(
      () => announceSet('success', startedAt, runs.length),
      () => announceSet('error', startedAt, runs.length),
    )
    // The port answers one outcome per append, in order.
    return runs.map((_, index) => appending.then(outcomes => outcomes[index] as CopyAppendOutcome))
  }

  function announceSet(result: 'success' | 'error', startedAt: number, count: number): void {
    const durationMs = clock.monotonicMs() - startedAt
    for (let index = 0; index < count; index += 1) {
      announcer.announce('copy_operation', { operation: 'set', result, durationMs })
    }
  }

  async function bring(
    tier: ConversationCopies,
    run: CommittedRun,
    first: Promise<CopyAppendOutcome>,
  ): Promise<CopyResult> {
    let outcome = await first
    for (let tries = 0; outcome === 'early' && tries < earlyTries; tries += 1) {
      await clock.sleep(earlyPauseMs)
      outcome = await (appendAll(tier, [run])[0] ?? outcome)
    }
    if (outcome === 'dropped') {
      outgrown.note(run.guestId, run.epoch)
      await store.markConversationSynced(run.conversationId, run.fromSequence + run.messages.length, false)
    }
    if (outcome !== 'absent' && outcome !== 'early') return outcome
    return (await loader.refill(run.guestId, run.fromSequence + run.messages.length)) ? 'refilled' : outcome
  }

  function failed(guestId: GuestId, error: unknown): CopyResult {
    announcer.announce('side_task_failed', { task: 'copy_append', owner: guestId, error })
    return 'failed'
  }

  return runs => {
    if (copies === undefined) return runs.map(() => settled('none'))
    if (!copies.isAvailable) return runs.map(() => settled('failed'))
    const tier = copies
    const fitting = runs.filter(run => !outgrown.has(run.guestId, run.epoch))
    const appended = new Map(appendAll(tier, fitting).map((first, index) => [fitting[index], first]))
    const limit = clock.sleep(copyLimitMs).then((): CopyResult => 'late')
    return runs.map(run => {
      const first = appended.get(run)
      if (first === undefined) return settled('absent')
      const bringing = bring(tier, run, first).catch((error: unknown) => failed(run.guestId, error))
      return { inTime: Promise.race([bringing, limit]), finally: bringing }
    })
  }
}

function settled(result: CopyResult): CopyProgress {
  const done = Promise.resolve(result)
  return { inTime: done, finally: done }
}
