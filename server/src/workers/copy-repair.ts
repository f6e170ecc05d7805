import type { Clock, ConversationCopies } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { startPeriodic, type Worker } from './periodic.ts'

export interface CopyRepairOptions {
  readonly conversations: Conversations
  readonly copies: ConversationCopies
  readonly clock: Clock
  readonly onFailure: (error: unknown) => void
}

const everyMs = 30_000

/** Pays what the fast copy owes: when it comes back, and every half minute. */
export function startCopyRepair(options: CopyRepairOptions): Worker {
  const { conversations, copies, clock, onFailure } = options
  const worker = startPeriodic({
    everyMs,
    clock,
    onFailure,
    round: async () => {
      await conversations.repairCopies()
    },
  })
  const stopListening = copies.onReturn(() => worker.wake())
  return {
    close: async () => {
      stopListening()
      await worker.close()
    },
  }
}
