import type { ConversationId, MessageId } from '../../../base/chat/message-id.ts'
import type { GuestId } from '../../../base/chat/principal.ts'
import { statement } from '../builder.ts'
import type { Database } from '../database.ts'
import { retryCollisions } from './retry.ts'

// Whoever changes several mappings locks them by cache_id, so that no two wait for each other in a circle. The old value
// stands in the text rather than in a parameter: PostgreSQL then sees that the index of what lacks a copy is enough.
const markSql = (condition: string, isSynced: boolean) => `
UPDATE cache_content_mapping SET is_synced = ${isSynced}
FROM (
  SELECT p.id FROM cache_content_mapping p
  WHERE p.cache_type = 'message' AND ${isSynced ? 'NOT p.is_synced' : 'p.is_synced'} AND ${condition}
  ORDER BY p.cache_id FOR NO KEY UPDATE
) changed
WHERE cache_content_mapping.id = changed.id`

const named = 'p.cache_id = ANY ($1::uuid[])'
const ofConversation = `
    p.user_id = (SELECT c.user_id FROM conversation_cache c WHERE c.id = $1::uuid) AND EXISTS (
      SELECT FROM message_cache m WHERE m.id = p.cache_id AND m.conversation_id = $1::uuid AND m.sequence < $2)`

export async function markSynced(
  database: Database,
  messageIds: readonly MessageId[],
  isSynced: boolean,
): Promise<void> {
  if (messageIds.length === 0) return
  const mark = statement('UPDATE', 'cache_content_mapping', markSql(named, isSynced), [messageIds])
  await retryCollisions(() => database.run(mark))
}

export async function markConversationSynced(
  database: Database,
  conversationId: ConversationId,
  nextSequence: number,
  isSynced: boolean,
): Promise<void> {
  const values = [conversationId, nextSequence]
  const mark = statement('UPDATE', 'cache_content_mapping', markSql(ofConversation, isSynced), values)
  await retryCollisions(() => database.run(mark))
}

// 71 bytes is the least that JSON adds to a message's content.
const unsyncedSql = `
SELECT c.user_id AS guest_id FROM conversation_cache c
WHERE c.platform = 'guest' AND c.content_bytes + 71 * c.next_seq <= $1 AND c.user_id IN (
  SELECT p.user_id FROM cache_content_mapping p WHERE NOT p.is_synced AND p.cache_type = 'message')
LIMIT $2`

export async function unsyncedGuests(
  database: Database,
  maxCopyBytes: number,
  limit: number,
): Promise<readonly GuestId[]> {
  const query = statement('SELECT', 'cache_content_mapping', unsyncedSql, [maxCopyBytes, limit])
  const { rows } = await database.run<{ guest_id: string }>(query)
  return rows.map(row => row.guest_id as GuestId)
}
