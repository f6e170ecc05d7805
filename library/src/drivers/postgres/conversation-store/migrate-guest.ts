import type { ConversationId } from '../../../base/chat/message-id.ts'
import type { GuestId, UserId } from '../../../base/chat/principal.ts'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'
import type { MigrationOutcome } from '../../../ports/chat/conversation-store.ts'
import { builder, statement, statementOf } from '../builder.ts'
import type { Database, Transaction } from '../database.ts'
import { lockGuest, noteCopyDeletion, passOnGuest } from './guest-row.ts'
import { readReceipt, recordCompletion, recordFailure } from './migration-audit.ts'
import { retryCollisions } from './retry.ts'

/**
 * Hands a guest's conversation over to a user by changing its owner; nothing is copied. The guest's idempotency keys
 * stay with the conversation: a message whose answer was lost before the migration can be sent again by the user under
 * its key, and is not doubled.
 */
export async function migrateGuest(database: Database, guestId: GuestId, userId: UserId): Promise<MigrationOutcome> {
  try {
    return await retryCollisions(() => database.transaction(transaction => handOver(transaction, guestId, userId)))
  } catch (error) {
    // Where the outcome is unknown, a row that says "failed" might lie. Where it cannot be written, the error says enough.
    if (!(error instanceof RepriseError && error.code === 'outcome_unknown'))
      await recordFailure(database, guestId, userId, messageOf(error)).catch(() => undefined)
    throw error
  }
}

async function handOver(transaction: Transaction, guestId: GuestId, userId: UserId): Promise<MigrationOutcome> {
  const guest = await lockGuest(transaction, guestId)
  if (guest === undefined) return { kind: 'unknown' }
  const { conversationId, migratedTo, epoch } = guest
  if (migratedTo === userId)
    return { kind: 'completed', first: false, epoch, receipt: await readReceipt(transaction, guestId, userId) }
  if (migratedTo !== undefined) {
    await recordFailure(transaction, guestId, userId, 'it was migrated to another user before')
    return { kind: 'other_user' }
  }
  if (conversationId === undefined) return { kind: 'unknown' }
  const messages = await changeOwner(transaction, conversationId, userId)
  await transaction.run(statement('INSERT', 'usage_metrics', carryUsageSql, [guestId, userId]))
  const raised = await passOnGuest(transaction, guestId, userId)
  await noteCopyDeletion(transaction, guestId, raised)
  const receipt = await recordCompletion(transaction, guestId, userId, { conversations: 1, messages })
  return { kind: 'completed', first: true, epoch: raised, receipt }
}

/** How many messages the conversation holds. */
async function changeOwner(transaction: Transaction, conversationId: ConversationId, userId: UserId): Promise<number> {
  const lock = builder.selectFrom('conversation_cache').select('id').where('id', '=', conversationId).forUpdate()
  await transaction.run(statementOf(lock))
  const change = builder
    .updateTable('conversation_cache')
    .set({ user_id: userId, platform: 'user' })
    .where('id', '=', conversationId)
  await transaction.run(statementOf(change))
  await transaction.run(statement('UPDATE', 'cache_content_mapping', changeMappingsSql, [conversationId, userId]))
  const count = statement('SELECT', 'message_cache', countSql, [conversationId])
  return (await transaction.run<{ messages: number }>(count)).rows[0]?.messages ?? 0
}

const countSql = 'SELECT count(*) AS messages FROM message_cache WHERE conversation_id = $1::uuid'

const changeMappingsSql = `
UPDATE cache_content_mapping SET user_id = $2
FROM (
  SELECT p.id FROM cache_content_mapping p
  WHERE p.cache_type = 'message' AND p.cache_id IN (SELECT m.id FROM message_cache m WHERE m.conversation_id = $1::uuid)
  ORDER BY p.cache_id FOR NO KEY UPDATE
) changed
WHERE cache_content_mapping.id = changed.id`

// The month's count is carried over with its month: of two months only the later one's is of use.
const carryUsageSql = `
WITH guest AS (
  DELETE FROM usage_metrics WHERE user_id = $1 AND tier = 'guest' RETURNING *
)
INSERT INTO usage_metrics AS u (user_id, tier, total_requests, cache_hits, cache_misses, month, month_requests)
SELECT $2, 'user', g.total_requests, g.cache_hits, g.cache_misses, g.month, g.month_requests FROM guest g
ON CONFLICT (user_id, tier) DO UPDATE SET
  total_requests = u.total_requests + excluded.total_requests,
  cache_hits = u.cache_hits + excluded.cache_hits,
  cache_misses = u.cache_misses + excluded.cache_misses,
  month_requests = CASE WHEN u.month >= excluded.month THEN u.month_requests ELSE 0 END
    + CASE WHEN excluded.month >= u.month THEN excluded.month_requests ELSE 0 END,
  month = greatest(u.month, excluded.month),
  updated_at = now()`
