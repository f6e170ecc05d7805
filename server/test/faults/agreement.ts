import type { RunSql } from '../contract/deployment.ts'

/** What must never be found in the tables, whatever broke: each statement answers the rows that are wrong. */
const disagreements = {
  'C1 C2 a conversation counts and numbers its messages': `
    SELECT c.id, c.message_count, c.next_seq, count(m.id), max(m.sequence)
    FROM conversation_cache c LEFT JOIN message_cache m ON m.conversation_id = c.id GROUP BY c.id
    HAVING c.message_count <> count(m.id) OR c.next_seq <> count(m.id) OR max(m.sequence) + 1 <> count(m.id)`,
  'C8 a message has one mapping of its owner': `
    SELECT m.id FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id
    LEFT JOIN cache_content_mapping p ON p.cache_id = m.id AND p.cache_type = 'message' AND p.user_id = c.user_id
    GROUP BY m.id HAVING count(p.id) <> 1`,
  'C7 a guest’s account counts at least the messages that are there': `
    SELECT c.user_id FROM conversation_cache c JOIN message_cache m ON m.conversation_id = c.id
    LEFT JOIN usage_metrics u ON u.user_id = c.user_id AND u.tier = 'guest'
    WHERE c.platform = 'guest' GROUP BY c.user_id, u.total_requests
    HAVING u.total_requests IS NULL OR u.total_requests < count(*)`,
  'C6 a migrated guest has one completed row': `
    SELECT g.guest_id FROM reprise_guest g
    LEFT JOIN cache_migrations a ON a.guest_id = g.guest_id AND a.status = 'completed' AND a.user_id = g.migrated_to
    WHERE g.migrated_to IS NOT NULL GROUP BY g.guest_id HAVING count(a.id) <> 1`,
  'A3 nothing is left of a conversation that is gone': `
    SELECT 'message' AS kind FROM message_cache WHERE conversation_id NOT IN (SELECT id FROM conversation_cache)
    UNION ALL SELECT 'embedding' FROM cache_embeddings WHERE conversation_id NOT IN (SELECT id FROM conversation_cache)
    UNION ALL SELECT 'outbox' FROM reprise_outbox WHERE conversation_id NOT IN (SELECT id FROM conversation_cache)
    UNION ALL SELECT 'key' FROM reprise_idempotency WHERE conversation_id NOT IN (SELECT id FROM conversation_cache)
    UNION ALL SELECT 'mapping' FROM cache_content_mapping WHERE cache_id NOT IN (SELECT id FROM message_cache)`,
  'C4 a message has at most one embedding': `
    SELECT message_id FROM cache_embeddings GROUP BY message_id HAVING count(*) > 1`,
} as const

/** Names what the tables disagree in, with the rows that show it. */
export async function disagreementsIn(run: RunSql): Promise<readonly unknown[]> {
  const found = []
  for (const [what, text] of Object.entries(disagreements)) {
    const rows = await run(text)
    if (rows.length > 0) found.push({ what, rows: rows.slice(0, 3) })
  }
  return found
}
