import fc from 'fast-check'
import { checkHistory, type HistoryOperation, type ReadOperation } from 'reprise/testing'
import { describe, expect, it } from 'vitest'
import { plan, simulate } from './simulated-history.ts'

describe('the checker beside a simulated store', () => {
  it('finds nothing where there is no fault, whatever overlaps, gets lost or is sent twice', () => {
    fc.assert(
      fc.property(plan, plans => {
        expect(checkHistory(simulate(plans))).toEqual([])
      }),
      { numRuns: 3_000 },
    )
  })

  it.each<[string, (values: readonly string[]) => readonly string[]]>([
    ['loses the last message', values => values.slice(0, -1)],
    ['loses the first message', values => values.slice(1)],
    ['doubles the last message', values => [...values, ...values.slice(-1)]],
    ['swaps the last two messages', values => [...values.slice(0, -2), ...values.slice(-2).toReversed()]],
    ['makes up a message', values => [...values, 'made up']],
  ])('finds a store that %s of an acknowledged history', (_name, spoil) => {
    fc.assert(
      fc.property(plan, plans => {
        const log = simulate(plans)
        const erased = new Set(log.flatMap(operation => (operation.kind === 'erase' ? operation.owner : [])))
        const last = log.findLastIndex(
          operation => operation.kind === 'read' && !erased.has(operation.owner) && acknowledgedIn(log, operation) >= 2,
        )
        const read = log[last]
        fc.pre(read?.kind === 'read' && read.outcome.kind === 'messages' && read.startedAtMs === 1_000)
        if (read?.kind !== 'read' || read.outcome.kind !== 'messages') return
        const values = spoil(read.outcome.values)
        fc.pre(values.join() !== read.outcome.values.join())
        const spoiled = log.with(last, { ...read, outcome: { ...read.outcome, values } })
        expect(checkHistory(spoiled)).not.toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

/** How many of the read messages were acknowledged at the place where they are read; all must be, or a fault could pass. */
function acknowledgedIn(log: readonly HistoryOperation[], { outcome }: ReadOperation): number {
  if (outcome.kind !== 'messages') return 0
  const places = new Set(
    log.flatMap(operation =>
      operation.kind === 'append' && operation.outcome.kind === 'acknowledged'
        ? `${operation.value} ${operation.outcome.sequence}`
        : [],
    ),
  )
  return outcome.values.every((value, sequence) => places.has(`${value} ${sequence}`)) ? outcome.values.length : 0
}
