import type { Role } from '../../../base/chat/message.ts'
import type { MessageId } from '../../../base/chat/message-id.ts'
import type {
  ConversationRef,
  Head,
  PageOutcome,
  PageQuery,
  StoredMessage,
} from '../../../ports/chat/conversation-store.ts'
import { statement } from '../builder.ts'
import type { Database } from '../database.ts'
import { canonicalInstant, instantSql } from './canonical-instant.ts'

const guestSql = `
  SELECT g.epoch, g.migrated_to, c.id, c.next_seq, c.reprise_head
  FROM reprise_guest g LEFT JOIN conversation_cache c ON c.id = g.conversation_id
  WHERE g.guest_id = $1`
const userSql = `
  SELECT 0::bigint AS epoch, NULL AS migrated_to, c.id, c.next_seq, c.reprise_head
  FROM conversation_cache c WHERE c.user_id = $1 AND c.id = $5::uuid AND c.platform = 'user'`

// One statement, so that the messages and the fence come from one snapshot.
const pageSql = (conversationSql: string) => `
WITH conversation AS (${conversationSql}
)
SELECT c.epoch, c.migrated_to, c.id AS conversation_id, c.next_seq, c.reprise_head,
       m.id, m.sequence, m.role, m.content, ${instantSql('m.timestamp')} AS said_at
FROM conversation c LEFT JOIN LATERAL (
  SELECT * FROM (
    SELECT p.*, sum(octet_length(p.content)) OVER (ORDER BY p.sequence) AS bytes FROM (
      SELECT * FROM message_cache
      WHERE conversation_id = c.id AND sequence > $2 ORDER BY sequence LIMIT $3
    ) p
  ) measured
  WHERE measured.bytes <= $4 OR measured.bytes = octet_length(measured.content)
) m ON true
ORDER BY m.sequence`
const sqlOf = { guest: pageSql(guestSql), user: pageSql(userSql) } as const

interface PageRow {
  readonly epoch: number
  readonly migrated_to: string | null
  readonly conversation_id: string | null
  readonly next_seq: number
  readonly reprise_head: string | null
  readonly id: string | null
  readonly sequence: number
  readonly role: Role
  readonly content: string
  readonly said_at: string
}

export async function readPage(
  database: Database,
  conversation: ConversationRef,
  { afterSequence, limit, maxBytes }: PageQuery,
): Promise<PageOutcome> {
  const owner = conversation.kind === 'guest' ? [conversation.guestId] : [conversation.userId]
  const rest = conversation.kind === 'guest' ? [] : [conversation.conversationId]
  const values = [...owner, afterSequence, limit, maxBytes, ...rest]
  const { rows } = await database.run<PageRow>(statement('SELECT', 'message_cache', sqlOf[conversation.kind], values))
  const [first] = rows
  if (first === undefined) return { kind: 'unknown' }
  if (first.migrated_to !== null) return { kind: 'migrated' }
  if (first.conversation_id === null) return { kind: 'unknown' }
  const messages = first.id === null ? [] : rows.map(messageOf)
  const head = (first.reprise_head ?? undefined) as Head
  return { kind: 'page', messages, nextSequence: first.next_seq, head, epoch: first.epoch }
}

function messageOf(row: PageRow): StoredMessage {
  return {
    messageId: row.id as MessageId,
    sequence: row.sequence,
    role: row.role,
    content: row.content,
    timestamp: canonicalInstant(row.said_at),
  }
}
