import type { HistoryOperation } from 'reprise/testing'

/** What clients noticed of a fault. */
export interface Disturbance {
  /** The longest time in which nothing of this kind succeeded, from the fault on. */
  readonly longestGapMs: number
  readonly slowestMs: number
  readonly succeeded: number
  readonly failed: number
  readonly unknown: number
}

/** How far appends and reads were disturbed by what happened at `faultAtMs`, up to the end of the load. */
export function disturbanceOf(
  operations: readonly HistoryOperation[],
  kind: 'append' | 'read',
  faultAtMs: number,
  loadEndedAtMs: number,
): Disturbance {
  const seen = operations.filter(operation => operation.kind === kind && operation.endedAtMs <= loadEndedAtMs)
  const after = seen.filter(operation => operation.endedAtMs >= faultAtMs)
  const succeeded = after.filter(operation => endingOf(operation) === 'succeeded')
  const moments = [faultAtMs, ...succeeded.map(operation => operation.endedAtMs), loadEndedAtMs].sort((a, b) => a - b)
  const gaps = moments.map((moment, index) => moment - (moments[index - 1] ?? moment))
  const durations = after.map(({ startedAtMs, endedAtMs }) => endedAtMs - startedAtMs)
  return {
    longestGapMs: Math.round(Math.max(...gaps)),
    slowestMs: Math.round(Math.max(0, ...durations)),
    succeeded: succeeded.length,
    failed: after.filter(operation => endingOf(operation) === 'failed').length,
    unknown: after.filter(operation => endingOf(operation) === 'unknown').length,
  }
}

/** That a guest has become a user is an answer like any other. */
function endingOf({ outcome }: HistoryOperation): 'succeeded' | 'failed' | 'unknown' {
  const ending = typeof outcome === 'string' ? outcome : outcome.kind
  if (ending === 'unknown') return 'unknown'
  return ending === 'refused' || ending === 'failed' ? 'failed' : 'succeeded'
}
