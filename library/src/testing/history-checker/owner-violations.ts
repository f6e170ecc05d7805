import type { AnsweredRead, ArrangedHistory, SentMessage } from './arranged-history.ts'
import type { MigrateOperation, Violation } from './operations.ts'

/** Who may read what: only what was sent, only one's own, and after a migration only the user. */
export function ownerViolations(history: ArrangedHistory): Violation[] {
  return [
    ...history.answeredReads.flatMap(read => strangersIn(history, read)),
    ...twoOwners(history),
    ...usedAfterMigration(history),
    ...neverMigrated(history),
  ]
}

function strangersIn(history: ArrangedHistory, read: AnsweredRead): Violation[] {
  return read.values.flatMap((value): Violation[] => {
    const message = history.messages.get(value)
    if (message === undefined || !mayBeStored(message, read.operation.endedAtMs))
      return [
        {
          kind: 'never_stored',
          sentence: `A read holds ${value}, which was ${whyNot(message)}.`,
          operations: [read.operation, ...(message?.attempts ?? [])],
        },
      ]
    if (mayRead(history.migrations, read.operation.owner, message.owner)) return []
    const sentence = `${read.operation.owner} read ${value}, which ${message.owner} said.`
    return [{ kind: 'foreign', sentence, operations: [read.operation, ...message.attempts] }]
  })
}

function mayBeStored({ attempts }: SentMessage, beforeMs: number): boolean {
  return attempts.some(
    ({ outcome, startedAtMs }) =>
      startedAtMs < beforeMs && (outcome.kind === 'acknowledged' || outcome.kind === 'unknown'),
  )
}

function whyNot(message: SentMessage | undefined): string {
  if (message === undefined) return 'never sent'
  return message.attempts.every(({ outcome }) => outcome.kind === 'refused' || outcome.kind === 'migrated')
    ? 'refused'
    : 'sent later'
}

function mayRead(migrations: readonly MigrateOperation[], reader: string, author: string): boolean {
  if (reader === author) return true
  return migrations.some(({ guest, user, outcome }) => guest === author && user === reader && outcome !== 'refused')
}

function twoOwners({ migrations }: ArrangedHistory): Violation[] {
  const completed = migrations.filter(migration => migration.outcome === 'completed')
  return [...Map.groupBy(completed, migration => migration.guest)]
    .filter(([, ofGuest]) => new Set(ofGuest.map(migration => migration.user)).size > 1)
    .map(([guest, ofGuest]) => ({
      kind: 'two_owners',
      sentence: `${guest} was migrated to more than one user.`,
      operations: ofGuest,
    }))
}

function usedAfterMigration({ migrations, appends, answeredReads }: ArrangedHistory): Violation[] {
  const uses = [
    ...appends.filter(append => append.outcome.kind === 'acknowledged'),
    ...answeredReads.filter(read => !read.stale).map(read => read.operation),
  ]
  const usesOf = Map.groupBy(uses, use => use.owner)
  return migrations.flatMap(migration => {
    if (migration.outcome !== 'completed') return []
    const late = (usesOf.get(migration.guest) ?? []).filter(use => use.startedAtMs > migration.endedAtMs)
    return late.map(
      (use): Violation => ({
        kind: 'used_after_migration',
        sentence: `${migration.guest} was ${use.kind === 'read' ? 'read' : 'written'} after its migration.`,
        operations: [migration, use],
      }),
    )
  })
}

function neverMigrated({ migrations, appends, reads }: ArrangedHistory): Violation[] {
  const refused = [...appends, ...reads].filter(operation => operation.outcome.kind === 'migrated')
  return refused
    .filter(
      ({ owner, endedAtMs }) =>
        !migrations.some(
          ({ guest, outcome, startedAtMs }) => guest === owner && outcome !== 'refused' && startedAtMs < endedAtMs,
        ),
    )
    .map(operation => ({
      kind: 'never_migrated',
      sentence: `${operation.owner} was refused as migrated, but nobody had migrated it.`,
      operations: [operation],
    }))
}
