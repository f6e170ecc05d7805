import type { Announcer } from '../base/announcer.ts'
import type { GuestId } from '../base/chat/principal.ts'
import type { Clock } from '../base/clock.ts'
import type { ConversationCopies } from '../ports/chat/conversation-copies.ts'
import type { ConversationStore } from '../ports/chat/conversation-store.ts'
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

const pendingBatch = 100

/**
 * Removes copies after erasing and migrating. PostgreSQL noted each removal in the same transaction, so that none is
 * forgotten, whatever dies in between; here they are carried out and settled.
 */
export function createCopyRemoval(parts: CopyRemovalParts): CopyRemoval {
  const { store, copies, announcer, clock } = parts

  async function remove(guestId: GuestId, epoch: number): Promise<CopyRemovalOutcome> {
    if (copies === undefined) return { kind: 'no_copies' }
    const startedAt = clock.monotonicMs()
    try {
      const removed = await copies.drop(guestId, epoch)
      announceDelete('success', startedAt)
      await store.settleCopyDeletion(guestId, epoch)
      return { kind: 'removed', keys: removed ? 1 : 0 }
    } catch (error) {
      announceDelete('error', startedAt)
      announcer.announce('side_task_failed', { task: 'copy_drop', owner: guestId, error })
      return { kind: 'pending' }
    }
  }

  function announceDelete(result: 'success' | 'error', startedAt: number): void {
    announcer.announce('copy_operation', { operation: 'delete', result, durationMs: clock.monotonicMs() - startedAt })
  }

  async function removePending(): Promise<number> {
    if (!copies?.isAvailable) return 0
    const pending = await store.pendingCopyDeletions(pendingBatch)
    const outcomes = await Promise.all(pending.map(({ guestId, epoch }) => remove(guestId, epoch)))
    const removed = outcomes.filter(outcome => outcome.kind === 'removed').length
    return removed < pendingBatch ? removed : removed + (await removePending())
  }

  return { remove, removePending }
}
