import type { ConversationId, MessageId } from 'reprise'
import { newMessageId } from 'reprise'
import { type Database, postgresOutbox, type Statement } from 'reprise/postgres'
import type { KeptEmbedding, OutboxHarness } from 'reprise/testing'

/** Any statement; the label says that it writes, which is the careful choice. */
export function sql(text: string, values: readonly unknown[] = []): Statement {
  return { text, values, labels: { queryType: 'OTHER', table: 'other' } }
}

/** Writes messages of a new conversation as an append leaves them. */
export async function storeMessages(
  database: Database,
  contents: readonly string[],
  queued: boolean,
): Promise<readonly MessageId[]> {
  const { rows } = await database.run<{ id: string }>(
    sql("INSERT INTO conversation_cache (user_id, platform) VALUES (gen_random_uuid()::text, 'guest') RETURNING id"),
  )
  const conversationId = rows[0]?.id
  const ids = contents.map(() => newMessageId(Date.now()))
  await database.run(
    sql(
      `WITH stored AS (
         INSERT INTO message_cache (id, conversation_id, sequence, role, content, message_hash)
         SELECT m.id, $1, m.position - 1, 'user', m.content, 'hash'
         FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS m (id, content, position)
         RETURNING id, conversation_id, sequence
       )
       INSERT INTO reprise_outbox (message_id, conversation_id)
       SELECT id, conversation_id FROM stored WHERE $4 ORDER BY sequence`,
      [conversationId, ids, contents, queued],
    ),
  )
  return ids
}

/** Erases as the conversation store does: the conversation is locked before anything is deleted. */
export async function eraseConversations(database: Database, messageIds: readonly MessageId[]): Promise<void> {
  await database.transaction(async transaction => {
    const { rows } = await transaction.run<{ id: string }>(
      sql(
        `SELECT id FROM conversation_cache
         WHERE id IN (SELECT conversation_id FROM message_cache WHERE id = ANY ($1::uuid[])) ORDER BY id FOR UPDATE`,
        [messageIds],
      ),
    )
    const conversations = rows.map(row => row.id)
    for (const table of ['message_cache', 'cache_embeddings', 'reprise_outbox'])
      await transaction.run(sql(`DELETE FROM ${table} WHERE conversation_id = ANY ($1::uuid[])`, [conversations]))
    await transaction.run(sql('DELETE FROM conversation_cache WHERE id = ANY ($1::uuid[])', [conversations]))
  })
}

interface EmbeddingRow {
  readonly message_id: string
  readonly conversation_id: string
  readonly text_chunk: string
  readonly embedding: string
  readonly embedding_binary: Uint8Array
  readonly embedding_dim: number
  readonly embedding_model: string
  readonly truncated: boolean
}

export async function keptEmbeddings(database: Database): Promise<readonly KeptEmbedding[]> {
  // As text, so that it is the stored JSON that is read.
  const { rows } = await database.run<EmbeddingRow>(
    sql(`SELECT message_id, conversation_id, text_chunk, embedding::text, embedding_binary, embedding_dim,
                embedding_model, truncated
         FROM cache_embeddings ORDER BY message_id`),
  )
  return rows.map(row => ({
    messageId: row.message_id as MessageId,
    conversationId: row.conversation_id as ConversationId,
    text: row.text_chunk,
    numbers: JSON.parse(row.embedding),
    bytes: row.embedding_binary,
    dimensions: row.embedding_dim,
    model: row.embedding_model,
    truncated: row.truncated,
  }))
}

/** The outbox of a migrated database, emptied; `close` leaves the database open. */
export async function outboxHarness(database: Database, otherDatabase: Database = database): Promise<OutboxHarness> {
  for (const table of ['cache_embeddings', 'reprise_outbox', 'message_cache', 'conversation_cache'])
    await database.run(sql(`DELETE FROM ${table}`))
  return {
    outbox: postgresOutbox(database),
    other: postgresOutbox(otherDatabase),
    store: (contents, queued = 'queued') => storeMessages(database, contents, queued === 'queued'),
    erase: messageIds => eraseConversations(database, messageIds),
    embeddings: () => keptEmbeddings(database),
    close: async () => {},
  }
}
