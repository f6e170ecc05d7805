import type { GuestId, UserId } from '../../../base/chat/principal.ts'
import type { MigrationReceipt } from '../../../ports/chat/conversation-store.ts'
import { statement } from '../builder.ts'
import type { Transaction } from '../database.ts'
import { canonicalInstant, instantSql } from './canonical-instant.ts'

// What was taken over from elsewhere may lack its end and its notes.
const receiptSql = `id, records_migrated, messages_migrated, coalesce(notes, '') AS notes,
  ${instantSql('started_at')} AS started_at, ${instantSql('coalesce(completed_at, started_at)')} AS completed_at`

const completeSql = `
INSERT INTO cache_migrations
  (migration_type, status, records_migrated, messages_migrated, completed_at, source, destination, notes, guest_id, user_id)
VALUES ('guest_to_user', 'completed', $3, $4, clock_timestamp(), 'guest_session', 'authenticated_user', $5, $1, $2)
RETURNING ${receiptSql}`

const failSql = `
INSERT INTO cache_migrations
  (migration_type, status, records_failed, completed_at, source, destination, notes, guest_id, user_id)
VALUES ('guest_to_user', 'failed', 1, clock_timestamp(), 'guest_session', 'authenticated_user', $3, $1, $2)`

const readSql = `
SELECT ${receiptSql} FROM cache_migrations
WHERE migration_type = 'guest_to_user' AND status = 'completed' AND guest_id = $1`

interface ReceiptRow {
  readonly id: string
  readonly records_migrated: number
  readonly messages_migrated: number
  readonly notes: string
  readonly started_at: string
  readonly completed_at: string
}

/** The audit row of a migration, in its own transaction: only one completed row can exist per guest. */
export async function recordCompletion(
  transaction: Transaction,
  guestId: GuestId,
  userId: UserId,
  counts: { readonly conversations: number; readonly messages: number },
): Promise<MigrationReceipt> {
  const { conversations, messages } = counts
  const notes = `Migrated ${conversations} conversations with ${messages} messages from guest ${guestId}`
  const values = [guestId, userId, conversations, messages, notes]
  const { rows } = await transaction.run<ReceiptRow>(statement('INSERT', 'cache_migrations', completeSql, values))
  return receiptOf(rows, guestId, userId)
}

/** The audit row of an attempt that came to nothing. */
export async function recordFailure(
  transaction: Pick<Transaction, 'run'>,
  guestId: GuestId,
  userId: UserId,
  reason: string,
): Promise<void> {
  const notes = `Did not migrate guest ${guestId}: ${reason}`
  await transaction.run(statement('INSERT', 'cache_migrations', failSql, [guestId, userId, notes]))
}

/** The receipt that was given when the guest was migrated. */
export async function readReceipt(
  transaction: Transaction,
  guestId: GuestId,
  userId: UserId,
): Promise<MigrationReceipt> {
  const { rows } = await transaction.run<ReceiptRow>(statement('SELECT', 'cache_migrations', readSql, [guestId]))
  return receiptOf(rows, guestId, userId)
}

function receiptOf(rows: readonly ReceiptRow[], guestId: GuestId, userId: UserId): MigrationReceipt {
  const [row] = rows
  if (row === undefined) throw new Error(`The audit row of guest ${guestId}'s migration is gone.`)
  return {
    migrationId: row.id,
    guestId,
    userId,
    conversations: row.records_migrated,
    messages: row.messages_migrated,
    startedAt: canonicalInstant(row.started_at),
    completedAt: canonicalInstant(row.completed_at),
    notes: row.notes,
  }
}
