import { sql } from 'kysely'
import type { GuestId } from '../../../base/chat/principal.ts'
import type { Instant } from '../../../base/instant.ts'
import { builder, statement, statementOf } from '../builder.ts'
import type { Database } from '../database.ts'

export async function pendingCopyDeletions(
  database: Database,
  limit: number,
): Promise<readonly { readonly guestId: GuestId; readonly epoch: number }[]> {
  const query = builder
    .selectFrom('reprise_copy_deletion')
    .select(['guest_id', 'epoch'])
    .where('settled_at', 'is', null)
    .orderBy('created_at')
    .limit(limit)
  const { rows } = await database.run<{ guest_id: string; epoch: number }>(statementOf(query))
  return rows.map(row => ({ guestId: row.guest_id as GuestId, epoch: row.epoch }))
}

export async function settleCopyDeletion(database: Database, guestId: GuestId, epoch: number): Promise<void> {
  const query = builder
    .updateTable('reprise_copy_deletion')
    .set({ settled_at: sql`now()` })
    .where('guest_id', '=', guestId)
    .where('epoch', '<=', epoch)
  await database.run(statementOf(query))
}

export async function reopenCopyDeletions(database: Database): Promise<void> {
  const query = builder
    .updateTable('reprise_copy_deletion')
    .set({ settled_at: null })
    .where('settled_at', 'is not', null)
  await database.run(statementOf(query))
}

export async function forgetCopyDeletions(database: Database, before: Instant): Promise<number> {
  const query = builder
    .deleteFrom('reprise_copy_deletion')
    .where(sql`coalesce(settled_at, created_at)`, '<', sql`${before}::timestamptz`)
  return (await database.run(statementOf(query))).rowCount
}

// Reads the whole table of conversations: an index on updated_at would cost every append more than this ever does.
const idleSql = `
SELECT c.user_id AS guest_id FROM conversation_cache c
WHERE c.platform = 'guest' AND c.updated_at < $1::timestamptz ORDER BY c.updated_at LIMIT $2`

export async function idleGuests(database: Database, before: Instant, limit: number): Promise<readonly GuestId[]> {
  const query = statement('SELECT', 'conversation_cache', idleSql, [before, limit])
  const { rows } = await database.run<{ guest_id: string }>(query)
  return rows.map(row => row.guest_id as GuestId)
}

const forgetSql = `
DELETE FROM reprise_idempotency USING (
  SELECT k.conversation_id, k.key FROM reprise_idempotency k
  WHERE k.created_at < $1::timestamptz ORDER BY k.created_at LIMIT $2 FOR UPDATE SKIP LOCKED
) old
WHERE reprise_idempotency.conversation_id = old.conversation_id AND reprise_idempotency.key = old.key`

export async function forgetIdempotencyKeys(database: Database, before: Instant, limit: number): Promise<number> {
  const { rowCount } = await database.run(statement('DELETE', 'reprise_idempotency', forgetSql, [before, limit]))
  return rowCount
}
