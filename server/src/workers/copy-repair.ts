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
/** Until what the copy owes since it came back is paid, it is doubted: that must not wait for half a minute. */
const retryMs = 2_000

/** Pays what the fast copy owes: when it comes back, and every half minute. */
export function startCopyRepair(options: CopyRepairOptions): Worker {
  const { conversations, copies, clock, onFailure } = options
  // A Redis that starts after this process may hold an older state, too.
  let mayBeOlder = true
  let restUntilMs = 0
  const worker = startPeriodic({
    everyMs: retryMs,
    clock,
    onFailure,
    round: async () => {
      if (!copies.isAvailable || (!mayBeOlder && clock.monotonicMs() < restUntilMs)) return
      restUntilMs = clock.monotonicMs() + everyMs
      const cameBack = mayBeOlder
      mayBeOlder = false
      try {
        await conversations.repairCopies({ mayBeOlder: cameBack })
      } catch (error) {
        mayBeOlder ||= cameBack
        throw error
      }
    },
  })
  const stopListening = copies.onReturn(() => {
    mayBeOlder = true
    worker.wake()
  })
  return {
    close: async () => {
      stopListening()
      await worker.close()
    },
  }
}
