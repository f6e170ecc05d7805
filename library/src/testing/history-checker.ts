import { arrange } from './history-checker/arranged-history.ts'
import type { HistoryOperation, Violation } from './history-checker/operations.ts'
import { ownerViolations } from './history-checker/owner-violations.ts'
import { placeViolations } from './history-checker/place-violations.ts'
import { timeViolations } from './history-checker/time-violations.ts'

/**
 * Proves from the log of concurrent operations that a conversation store kept its promises, or names what it broke. No
 * violation means: what was acknowledged is read, nothing is doubled, sequences are dense from 0, every read is the
 * beginning of one history, what was acknowledged before another began stands before it and is in every read that began
 * later, retries by key keep their place, nobody reads another's words, an erased conversation stays gone, and a migrated
 * guest has one owner. Operations whose outcome is unknown may have happened or not, and may still happen later.
 *
 * Times must come from one monotonic clock, taken before an operation is sent and after its answer came. Read each
 * conversation once more when all is over: what was never read afterwards is reported as `unread`.
 *
 * @example
 * const violations = checkHistory([
 *   { kind: 'append', owner: 'g', value: 'a', startedAtMs: 1, endedAtMs: 2, outcome: { kind: 'acknowledged', conversationId: 'c', sequence: 0 } },
 *   { kind: 'read', owner: 'g', startedAtMs: 3, endedAtMs: 4, outcome: { kind: 'messages', values: [], stale: false } },
 * ])
 * violations[0]?.kind // 'lost'
 */
export function checkHistory(operations: readonly HistoryOperation[]): readonly Violation[] {
  const history = arrange(operations)
  return [...placeViolations(history), ...timeViolations(history), ...ownerViolations(history)]
}
