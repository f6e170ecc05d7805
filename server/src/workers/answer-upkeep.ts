import type { Clock } from 'reprise'
import { startPeriodic, type Worker } from './periodic.ts'

export interface AnswerUpkeepOptions {
  readonly answers: { removeExpired(at: number, limit: number): Promise<number> }
  readonly clock: Clock
  readonly onFailure: (error: unknown) => void
}

const everyMs = 60_000
/** Small, so that chats wait for none of it. */
const batch = 500

/** Removes answers whose time is over from the durable tier, in batches. */
export function startAnswerUpkeep({ answers, clock, onFailure }: AnswerUpkeepOptions): Worker {
  return startPeriodic({
    everyMs,
    clock,
    onFailure,
    round: async signal => {
      const at = clock.now()
      while (!signal.aborted && (await answers.removeExpired(at, batch)) === batch) await clock.sleep(50, signal)
    },
  })
}
