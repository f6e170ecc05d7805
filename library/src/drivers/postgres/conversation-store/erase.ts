import { sql } from 'kysely'
import type { ConversationId } from '../../../base/chat/message-id.ts'
import type { GuestId, UserId } from '../../../base/chat/principal.ts'
import type { EraseOutcome, RowCounts } from '../../../ports/chat/conversation-store.ts'
import { builder, statement, statementOf } from '../builder.ts'
import type { Database, Transaction } from '../database.ts'
import { lockGuest, noteCopyDeletion, passOnGuest, unknownGuestEpoch } from './guest-row.ts'
import { retryCollisions } from './retry.ts'

/**
 * Removes all that a guest said. The guest's own row stays: its epoch keeps late copies and workers out, and its secret
 * keeps the name from whoever would take it over. The guest can begin anew at once.
 */
export function eraseGuest(database: Database, guestId: GuestId): Promise<EraseOutcome> {
  return retryCollisions(() =>
    database.transaction(async transaction => {
      const guest = await lockGuest(transaction, guestId)
      if (guest?.migratedTo !== undefined) return { kind: 'migrated' }
      const rows = await removeConversation(transaction, guest?.conversationId)
      const epoch =
        guest === undefined ? await unknownGuestEpoch(transaction) : await passOnGuest(transaction, guestId, undefined)
      await noteCopyDeletion(transaction, guestId, epoch)
      return { kind: 'erased', epoch, rows }
    }),
  )
}

export function eraseConversation(
  database: Database,
  userId: UserId,
  conversationId: ConversationId,
): Promise<{ readonly kind: 'erased'; readonly rows: RowCounts } | { readonly kind: 'unknown' }> {
  return retryCollisions(() =>
    database.transaction(async transaction => {
      const lock = builder
        .selectFrom('conversation_cache')
        .select('id')
        .where('id', '=', conversationId)
        .where('user_id', '=', userId)
        .where('platform', '=', 'user')
        .forUpdate()
      const { rowCount } = await transaction.run(statementOf(lock))
      if (rowCount === 0) return { kind: 'unknown' }
      return { kind: 'erased', rows: await removeConversation(transaction, conversationId) }
    }),
  )
}

const lockMappingsSql = `
SELECT FROM cache_content_mapping p
WHERE p.cache_type = 'message' AND p.cache_id IN (SELECT m.id FROM message_cache m WHERE m.conversation_id = $1::uuid)
ORDER BY p.cache_id FOR UPDATE`

/** Rows removed, by table; the conversation is locked before anything that hangs on it. */
async function removeConversation(
  transaction: Transaction,
  conversationId: ConversationId | undefined,
): Promise<RowCounts> {
  const id = conversationId ?? null
  const messages = builder.selectFrom('message_cache').select('id').where('conversation_id', '=', id)
  const lock = builder.selectFrom('conversation_cache').select('id').where('id', '=', id).forUpdate()
  await transaction.run(statementOf(lock))
  await transaction.run(statement('SELECT', 'cache_content_mapping', lockMappingsSql, [id]))
  const removals = {
    cache_embeddings: builder.deleteFrom('cache_embeddings').where('conversation_id', '=', id),
    reprise_outbox: builder.deleteFrom('reprise_outbox').where('conversation_id', '=', id),
    reprise_idempotency: builder.deleteFrom('reprise_idempotency').where('conversation_id', '=', id),
    cache_content_mapping: builder
      .deleteFrom('cache_content_mapping')
      .where('cache_type', '=', sql.lit('message'))
      .where('cache_id', 'in', messages),
    message_cache: builder.deleteFrom('message_cache').where('conversation_id', '=', id),
    conversation_cache: builder.deleteFrom('conversation_cache').where('id', '=', id),
  }
  const rows: Record<string, number> = {}
  for (const [table, removal] of Object.entries(removals))
    rows[table] = (await transaction.run(statementOf(removal))).rowCount
  return rows
}
