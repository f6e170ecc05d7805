import { sql } from 'kysely'
import type { ConversationId, MessageId } from '../../base/chat/message-id.ts'
import type { DeadItem, Outbox, OutboxCounts, OutboxItem } from '../../ports/chat/outbox.ts'
import { builder, statement, statementOf } from './builder.ts'
import type { Database } from './database.ts'
import { vectorValues } from './vector-values.ts'

/** Keeps searches for missing embeddings one at a time, over all servers. */
const searchLock = 0x7265_7072
const beforeAll = '00000000-0000-0000-0000-000000000000'
/** Errors are kept for people to read; nobody reads more. */
const maxErrorLength = 500

/**
 * The outbox of embeddings in PostgreSQL. An item's claim is fenced by its `attempts`: whoever claims it raises them,
 * so that a worker whose lease ended no longer matches and cannot put off or bury what another one works on.
 */
export function postgresOutbox(database: Database): Outbox {
  return {
    claim: async (limit, leaseMs) => {
      const { rows } = await database.run<ClaimedRow>(statement('UPDATE', 'reprise_outbox', claimSql, [limit, leaseMs]))
      return rows.map(itemOf)
    },

    complete: async (done, model) => {
      if (done.length === 0) return []
      const vectors = await vectorValues(done.map(({ embedding }) => embedding.vector))
      const { rows } = await database.run<{ message_id: string }>(
        statement('INSERT', 'cache_embeddings', completeSql, [
          done.map(({ item }) => item.outboxId),
          done.map(({ item }) => item.messageId),
          vectors.map(({ json }) => json),
          vectors.map(({ base64 }) => base64),
          done.map(({ embedding }) => embedding.vector.length),
          done.map(({ embedding }) => embedding.truncated),
          model,
        ]),
      )
      return rows.map(row => row.message_id as MessageId)
    },

    retry: async (item, delayMs, error) => {
      const values = [item.outboxId, item.attempts + 1, delayMs, error.slice(0, maxErrorLength)]
      await database.run(statement('UPDATE', 'reprise_outbox', retrySql, values))
    },

    release: async items => {
      if (items.length === 0) return
      const values = [items.map(item => item.outboxId), items.map(item => item.attempts)]
      await database.run(statement('UPDATE', 'reprise_outbox', releaseSql, values))
    },

    bury: async (item, error) => {
      await database.run(
        statementOf(
          builder
            .updateTable('reprise_outbox')
            .set({ dead: true, last_error: error.slice(0, maxErrorLength) })
            .where('id', '=', Number(item.outboxId))
            .where('attempts', '=', item.attempts + 1),
        ),
      )
    },

    counts: async () => {
      const { rows } = await database.run<OutboxCounts>(statement('SELECT', 'reprise_outbox', countsSql))
      return rows[0] ?? { pending: 0, dead: 0, oldestPendingSeconds: 0 }
    },

    listDead: async limit => {
      const query = builder.selectFrom('reprise_outbox').selectAll().where('dead', '=', true).orderBy('id').limit(limit)
      const { rows } = await database.run<DeadRow>(statementOf(query))
      return rows.map(deadItemOf)
    },

    redrive: async outboxIds => {
      const ids = outboxIds === 'all' ? 'all' : outboxIds.filter(id => /^\d{1,15}$/.test(id)).map(Number)
      const query = builder
        .updateTable('reprise_outbox')
        .set({ dead: false, attempts: 0, due_at: sql`now()` })
        .where('dead', '=', true)
      if (ids !== 'all' && ids.length === 0) return 0
      const { rowCount } = await database.run(statementOf(ids === 'all' ? query : query.where('id', 'in', ids)))
      return rowCount
    },

    enqueueMissing: (model, limit, after) =>
      database.transaction(async transaction => {
        const lock = statement('SELECT', 'other', 'SELECT pg_try_advisory_xact_lock($1::bigint) AS granted', [
          searchLock,
        ])
        const { rows: locks } = await transaction.run<{ granted: boolean }>(lock)
        if (locks[0]?.granted !== true) return { kind: 'busy' }
        // A statement of its own, so that it sees what the holder before committed.
        const search = statement('INSERT', 'reprise_outbox', enqueueSql, [model, limit, after ?? beforeAll])
        const { rows } = await transaction.run<{ enqueued: number; looked: number; last: string | null }>(search)
        const { enqueued, looked, last } = rows[0] ?? { enqueued: 0, looked: 0, last: null }
        const next = looked < limit || last === null ? undefined : (last as MessageId)
        return { kind: 'searched', enqueued, next }
      }),
  }
}

interface ClaimedRow {
  readonly id: string
  readonly message_id: string
  readonly conversation_id: string
  readonly content: string
  readonly attempts: number
}

function itemOf(row: ClaimedRow): OutboxItem {
  return {
    outboxId: row.id,
    messageId: row.message_id as MessageId,
    conversationId: row.conversation_id as ConversationId,
    content: row.content,
    attempts: row.attempts,
  }
}

interface DeadRow {
  readonly id: number
  readonly message_id: string
  readonly conversation_id: string
  readonly attempts: number
  readonly last_error: string | null
  readonly created_at: Date
}

function deadItemOf(row: DeadRow): DeadItem {
  return {
    outboxId: String(row.id),
    messageId: row.message_id as MessageId,
    conversationId: row.conversation_id as ConversationId,
    attempts: row.attempts,
    lastError: row.last_error ?? '',
    createdAt: row.created_at,
  }
}

const claimSql = `
WITH due AS MATERIALIZED (
  SELECT o.id, o.message_id FROM reprise_outbox o
  WHERE NOT o.dead AND o.due_at <= now()
  ORDER BY o.due_at LIMIT $1::integer
  FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM reprise_outbox o USING due
  WHERE o.id = due.id AND NOT EXISTS (SELECT FROM message_cache m WHERE m.id = due.message_id)
)
UPDATE reprise_outbox o
SET due_at = now() + $2::double precision * interval '1 millisecond', attempts = o.attempts + 1
FROM due JOIN message_cache m ON m.id = due.message_id
WHERE o.id = due.id
RETURNING o.id::text AS id, o.message_id, o.conversation_id, m.content, o.attempts - 1 AS attempts`

// The locks decide the race with an eraser, who locks the conversation FOR UPDATE before deleting anything: either it
// waits for this statement and then sees the new rows, or this one waits and finds the message gone. Appends go on
// meanwhile, because FOR NO KEY UPDATE does not exclude FOR KEY SHARE. Items are removed after the locks are held
// (that is what counting them is for): an eraser who holds the conversation must not wait for an item of ours. Content is
// taken from the message itself.
const completeSql = `
WITH item AS (
  SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::boolean[])
    AS i (outbox_id, message_id, embedding, embedding_binary, dim, truncated)
), locked_conversation AS MATERIALIZED (
  SELECT c.id FROM conversation_cache c
  WHERE c.id IN (SELECT m.conversation_id FROM message_cache m JOIN item i ON i.message_id = m.id)
  ORDER BY c.id FOR KEY SHARE
), locked AS MATERIALIZED (
  SELECT m.id, m.conversation_id, m.content FROM message_cache m
  WHERE m.id IN (SELECT i.message_id FROM item i)
    AND m.conversation_id IN (SELECT c.id FROM locked_conversation c)
  ORDER BY m.id FOR KEY SHARE
), removed AS (
  DELETE FROM reprise_outbox o USING item i WHERE o.id = i.outbox_id AND (SELECT count(*) FROM locked) >= 0
)
INSERT INTO cache_embeddings AS e
  (conversation_id, message_id, text_chunk, embedding, embedding_binary, embedding_dim, embedding_model, truncated)
SELECT DISTINCT ON (l.id) l.conversation_id, l.id, l.content, i.embedding::json, decode(i.embedding_binary, 'base64'),
       i.dim, $7::text, i.truncated
FROM locked l JOIN item i ON i.message_id = l.id
ORDER BY l.id
ON CONFLICT (message_id) DO UPDATE SET
  text_chunk = excluded.text_chunk, embedding = excluded.embedding, embedding_binary = excluded.embedding_binary,
  embedding_dim = excluded.embedding_dim, embedding_model = excluded.embedding_model, truncated = excluded.truncated,
  created_at = now()
WHERE e.embedding_model <> excluded.embedding_model
RETURNING e.message_id`

const retrySql = `
UPDATE reprise_outbox SET due_at = now() + $3::double precision * interval '1 millisecond', last_error = $4::text
WHERE id = $1::bigint AND attempts = $2::integer AND NOT dead`

const releaseSql = `
UPDATE reprise_outbox o SET due_at = now(), attempts = i.attempts
FROM unnest($1::bigint[], $2::integer[]) AS i (id, attempts)
WHERE o.id = i.id AND o.attempts = i.attempts + 1 AND NOT o.dead`

const countsSql = `
SELECT count(*) FILTER (WHERE NOT dead) AS pending, count(*) FILTER (WHERE dead) AS dead,
       greatest(0, coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE NOT dead)), 0))::double precision
         AS "oldestPendingSeconds"
FROM reprise_outbox`

// Looks at a page of messages by primary key, so that a search over any number of them costs the same a page.
const enqueueSql = `
WITH page AS MATERIALIZED (
  SELECT m.id, m.conversation_id FROM message_cache m
  WHERE m.id > $3::uuid
  ORDER BY m.id LIMIT $2::integer
), missing AS MATERIALIZED (
  SELECT p.id, p.conversation_id FROM page p
  WHERE NOT EXISTS (SELECT FROM cache_embeddings e WHERE e.message_id = p.id AND e.embedding_model = $1::text)
    AND NOT EXISTS (SELECT FROM reprise_outbox o WHERE o.conversation_id = p.conversation_id AND o.message_id = p.id)
), locked_conversation AS MATERIALIZED (
  SELECT c.id FROM conversation_cache c WHERE c.id IN (SELECT conversation_id FROM missing) ORDER BY c.id FOR KEY SHARE
), locked AS MATERIALIZED (
  SELECT m.id, m.conversation_id FROM message_cache m
  WHERE m.id IN (SELECT id FROM missing) AND m.conversation_id IN (SELECT id FROM locked_conversation)
  ORDER BY m.id FOR KEY SHARE
), enqueued AS (
  INSERT INTO reprise_outbox (message_id, conversation_id) SELECT id, conversation_id FROM locked RETURNING 1
)
SELECT (SELECT count(*) FROM enqueued) AS enqueued, count(*) AS looked,
       (SELECT p.id FROM page p ORDER BY p.id DESC LIMIT 1) AS last
FROM page`
