import type { ConversationId } from '../../../base/chat/message-id.ts'
import type { UserId } from '../../../base/chat/principal.ts'
import type { ConversationSummary, ListQuery } from '../../../ports/chat/conversation-store.ts'
import { statement } from '../builder.ts'
import type { Database } from '../database.ts'
import { canonicalInstant, instantSql } from './canonical-instant.ts'

const summarySql = `id, message_count, ${instantSql('created_at')} AS created_at, ${instantSql('updated_at')} AS updated_at`
const createSql = `INSERT INTO conversation_cache (user_id, platform) VALUES ($1, 'user') RETURNING ${summarySql}`
const listSql = `
SELECT ${summarySql} FROM conversation_cache c
WHERE c.user_id = $1 AND c.platform = 'user'
  AND ($4::timestamptz IS NULL OR c.updated_at < $4 OR (c.updated_at = $4 AND c.id > $5::uuid))
ORDER BY c.updated_at DESC, c.id LIMIT $2 OFFSET $3`

interface SummaryRow {
  readonly id: string
  readonly message_count: number
  readonly created_at: string
  readonly updated_at: string
}

export async function createConversation(database: Database, userId: UserId): Promise<ConversationSummary> {
  const { rows } = await database.run<SummaryRow>(statement('INSERT', 'conversation_cache', createSql, [userId]))
  const [row] = rows
  if (row === undefined) throw new Error('INSERT … RETURNING answered no row.')
  return summaryOf(row)
}

export async function listConversations(
  database: Database,
  userId: UserId,
  { limit, offset, after }: ListQuery,
): Promise<readonly ConversationSummary[]> {
  const place = [after?.updatedAt ?? null, after?.conversationId ?? null]
  const query = statement('SELECT', 'conversation_cache', listSql, [userId, limit, offset, ...place])
  const { rows } = await database.run<SummaryRow>(query)
  return rows.map(summaryOf)
}

function summaryOf(row: SummaryRow): ConversationSummary {
  return {
    conversationId: row.id as ConversationId,
    messageCount: row.message_count,
    createdAt: canonicalInstant(row.created_at),
    updatedAt: canonicalInstant(row.updated_at),
  }
}
