import { sql } from 'kysely'
import type { GuestId } from '../../../base/chat/principal.ts'
import type { Instant } from '../../../base/instant.ts'
import type { CopyDeletion } from '../../../ports/chat/conversation-store.ts'
import { builder, statement, statementOf } from '../builder.ts'
import type { Database } from '../database.ts'

export async function pendingCopyDeletions(
  database: Database,
  limit: number,
  offset = 0,
): Promise<readonly CopyDeletion[]> {
  const query = builder
    .selectFrom('reprise_copy_deletion')
    .select(['guest_id', 'epoch'])
    .where('settled_at', 'is', null)
    .orderBy('created_at')
    .orderBy('guest_id')
    .limit(limit)
    .offset(offset)
  const { rows } = await database.run<{ guest_id: string; epoch: number }>(statementOf(query))
  return rows.map(row => ({ guestId: row.guest_id as GuestId, epoch: row.epoch }))
}

// In one order, so that two servers that settle the same deletions do not wait for each other in a circle.
const settleSql = `
UPDATE reprise_copy_deletion d SET settled_at = now()
FROM (
  SELECT p.guest_id FROM reprise_copy_deletion p
  JOIN unnest($1::text[], $2::bigint[]) AS done (guest_id, epoch) ON done.guest_id = p.guest_id AND p.epoch <= done.epoch
  WHERE p.settled_at IS NULL ORDER BY p.guest_id FOR UPDATE OF p
) locked
WHERE locked.guest_id = d.guest_id`

export async function settleCopyDeletions(database: Database, deletions: readonly CopyDeletion[]): Promise<void> {
  if (deletions.length === 0) return
  const values = [deletions.map(({ guestId }) => guestId), deletions.map(({ epoch }) => epoch)]
  await database.run(statement('UPDATE', 'reprise_copy_deletion', settleSql, values))
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
