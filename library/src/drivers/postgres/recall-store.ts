import type { Role } from '../../base/chat/message.ts'
import type { ConversationId, MessageId } from '../../base/chat/message-id.ts'
import { vectorOfBytes } from '../../base/vector/vector-bytes.ts'
import type { RecallScope, RecallStore } from '../../ports/chat/recall-store.ts'
import { statement } from './builder.ts'
import { canonicalInstant, instantSql } from './conversation-store/canonical-instant.ts'
import type { Database } from './database.ts'

const ownSql = {
  guest: `SELECT g.migrated_to, g.conversation_id AS id FROM reprise_guest g WHERE g.guest_id = $1`,
  user: `SELECT NULL::text AS migrated_to, c.id FROM conversation_cache c WHERE c.user_id = $1 AND c.platform = 'user'`,
} as const

// By the index of messages in their order, conversation by conversation, so that any page costs about the same.
const vectorsSql = (own: string) => `
SELECT page.migrated_to, page.conversation_id, page.sequence, e.embedding_binary
FROM (
  SELECT own.migrated_to, own.id AS conversation_id, m.sequence, m.id AS message_id
  FROM (${own} ORDER BY id) own LEFT JOIN LATERAL (
    SELECT * FROM message_cache m
    WHERE m.conversation_id = own.id AND (own.id > $3::uuid OR m.sequence > $4::bigint)
    ORDER BY m.sequence LIMIT $5::integer
  ) m ON true
  WHERE own.migrated_to IS NOT NULL OR m.id IS NOT NULL
  ORDER BY own.id, m.sequence LIMIT $5::integer
) page
LEFT JOIN cache_embeddings e ON e.message_id = page.message_id AND e.embedding_model = $2::text
ORDER BY page.conversation_id, page.sequence`

const messagesSql = (own: string) => `
WITH own AS (${own}), asked AS (
  SELECT * FROM unnest($2::uuid[], $3::bigint[]) AS a (conversation_id, sequence)
)
SELECT m.id, m.conversation_id, m.sequence, m.role, m.content, ${instantSql('m.timestamp')} AS said_at
FROM asked a
JOIN own ON own.id = a.conversation_id
JOIN message_cache m ON m.conversation_id = a.conversation_id AND m.sequence = a.sequence`

const sqlOf = {
  guest: { vectors: vectorsSql(ownSql.guest), messages: messagesSql(ownSql.guest) },
  user: { vectors: vectorsSql(`${ownSql.user} AND c.id >= $3::uuid`), messages: messagesSql(ownSql.user) },
} as const

const beforeAll = { conversationId: '00000000-0000-0000-0000-000000000000', sequence: -1 }

interface VectorRow {
  readonly migrated_to: string | null
  readonly conversation_id: string | null
  readonly sequence: number
  readonly embedding_binary: Uint8Array | null
}

interface MessageRow {
  readonly id: string
  readonly conversation_id: string
  readonly sequence: number
  readonly role: Role
  readonly content: string
  readonly said_at: string
}

/** Reads the binary copies of vectors beside the json column of `cache_embeddings`. */
export function postgresRecallStore(database: Database): RecallStore {
  return {
    vectors: async (scope, model, { after, limit }) => {
      const { conversationId, sequence } = after ?? beforeAll
      const values = [ownerOf(scope), model, conversationId, sequence, limit]
      const query = statement('SELECT', 'cache_embeddings', sqlOf[scope.kind].vectors, values)
      const { rows } = await database.run<VectorRow>(query)
      if (rows.some(row => row.migrated_to !== null)) return { kind: 'migrated' }
      const vectors = rows.flatMap(row => {
        if (row.conversation_id === null) return []
        const { embedding_binary: bytes, sequence } = row
        const vector = bytes === null ? undefined : vectorOfBytes(bytes)
        return [{ conversationId: row.conversation_id as ConversationId, sequence, vector }]
      })
      return { kind: 'page', vectors }
    },

    messages: async (scope, places) => {
      if (places.length === 0) return []
      const conversations = places.map(place => place.conversationId)
      const sequences = places.map(place => place.sequence)
      const values = [ownerOf(scope), conversations, sequences]
      const query = statement('SELECT', 'message_cache', sqlOf[scope.kind].messages, values)
      const { rows } = await database.run<MessageRow>(query)
      return rows.map(row => ({
        messageId: row.id as MessageId,
        conversationId: row.conversation_id as ConversationId,
        sequence: row.sequence,
        role: row.role,
        content: row.content,
        timestamp: canonicalInstant(row.said_at),
      }))
    },
  }
}

function ownerOf(scope: RecallScope): string {
  return scope.kind === 'guest' ? scope.guestId : scope.userId
}
