import type { Announcer } from '../base/announcer.ts'
import type { GuestId } from '../base/chat/principal.ts'
import type { Clock } from '../base/clock.ts'
import type { ConversationCopies } from '../ports/chat/conversation-copies.ts'
import type { ConversationStore, CopyDeletion } from '../ports/chat/conversation-store.ts'
import type { ConversationEvents } from './conversation-events.ts'

export interface CopyRemovalParts {
  readonly store: ConversationStore
  readonly copies: ConversationCopies | undefined
  readonly announcer: Announcer<ConversationEvents>
  readonly clock: Clock
}

export type CopyRemovalOutcome =
  | { readonly kind: 'removed'; readonly keys: number }
  /** The copy is away; the deletion is kept in PostgreSQL and carried out when it is back. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'no_copies' }

export interface CopyRemoval {
  /** Removes the copy of a guest whose epoch was raised to `epoch`. */
  remove(guestId: GuestId, epoch: number): Promise<CopyRemovalOutcome>
  /** Carries out the removals that are pending. Returns how many were. */
  removePending(): Promise<number>
}

const pendingBatch = 200
/** After so many failures a round ends: what is away is no nearer for being asked again. */
const maxFailures = 1_000

/**
 * Removes copies after erasing and migrating. PostgreSQL noted each removal in the same transaction, so that none is
 * forgotten, whatever dies in between; here they are carried out and settled.
 */
export function createCopyRemoval(parts: CopyRemovalParts): CopyRemoval {
  const { store, copies, announcer, clock } = parts

  async function drop(tier: ConversationCopies, { guestId, epoch }: CopyDeletion): Promise<CopyRemovalOutcome> {
    const startedAt = clock.monotonicMs()
    const announce = (result: 'success' | 'error') =>
      announcer.announce('copy_operation', {
        operation: 'delete',
        result,
        durationMs: clock.monotonicMs() - startedAt,
      })
    try {
      const removed = await tier.drop(guestId, epoch)
      announce('success')
      return { kind: 'removed', keys: removed ? 1 : 0 }
    } catch (error) {
      announce('error')
      return failed(guestId, error)
    }
  }

  function failed(guestId: GuestId | undefined, error: unknown): CopyRemovalOutcome {
    announcer.announce('side_task_failed', { task: 'copy_drop', owner: guestId, error })
    return { kind: 'pending' }
  }

  async function remove(guestId: GuestId, epoch: number): Promise<CopyRemovalOutcome> {
    if (copies === undefined) return { kind: 'no_copies' }
    const outcome = await drop(copies, { guestId, epoch })
    if (outcome.kind === 'pending') return outcome
    const settling = store.settleCopyDeletions([{ guestId, epoch }])
    return settling.then(
      () => outcome,
      error => failed(guestId, error),
    )
  }

  /** One batch after another, each settled by one statement; what fails is passed over, so that it holds up nobody. */
  async function removePending(): Promise<number> {
    let [removed, failures] = [0, 0]
    while (copies?.isAvailable && failures < maxFailures) {
      const tier = copies
      const pending = await store.pendingCopyDeletions(pendingBatch, failures)
      const outcomes = await Promise.all(pending.map(deletion => drop(tier, deletion)))
      const done = pending.filter((_, index) => outcomes[index]?.kind === 'removed')
      await store.settleCopyDeletions(done)
      removed += done.length
      failures += pending.length - done.length
      if (pending.length < pendingBatch) break
    }
    return removed
  }

  return { remove, removePending }
}
