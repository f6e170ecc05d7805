import { type Clock, type ConversationStore, instantOf } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { startPeriodic, type Worker } from './periodic.ts'

export interface RetentionOptions {
  readonly store: ConversationStore
  readonly conversations: Conversations
  /** Guests silent for longer are erased; 0 keeps them for ever. */
  readonly guestRetentionDays: number
  readonly clock: Clock
  readonly onFailure: (error: unknown) => void
}

const everyMs = 10 * 60_000
const dayMs = 86_400_000
const idempotencyDays = 7
/** Longer than a copy lives, even one in a snapshot. */
const copyDeletionDays = 2
const guestBatch = 1_000
const keyBatch = 5_000

/** Forgets what has had its time: silent guests, where the operator asked for it, and old idempotency keys. In batches. */
export function startRetention(options: RetentionOptions): Worker {
  const { store, conversations, guestRetentionDays, clock, onFailure } = options

  async function eraseIdleGuests(signal: AbortSignal): Promise<void> {
    if (guestRetentionDays === 0) return
    const before = instantOf(clock.now() - guestRetentionDays * dayMs)
    let idle = await store.idleGuests(before, guestBatch)
    while (idle.length > 0 && !signal.aborted) {
      for (const guestId of idle) {
        if (signal.aborted) return
        await conversations.erase(guestId)
      }
      idle = await store.idleGuests(before, guestBatch)
    }
  }

  async function forgetKeys(signal: AbortSignal): Promise<void> {
    const before = instantOf(clock.now() - idempotencyDays * dayMs)
    while (!signal.aborted && (await store.forgetIdempotencyKeys(before, keyBatch)) === keyBatch);
  }

  return startPeriodic({
    everyMs,
    clock,
    onFailure,
    round: async signal => {
      await eraseIdleGuests(signal)
      await forgetKeys(signal)
      await store.forgetCopyDeletions(instantOf(clock.now() - copyDeletionDays * dayMs))
    },
  })
}
