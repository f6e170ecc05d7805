import type { ConversationId } from '../../../base/chat/message-id.ts'
import type { GuestId } from '../../../base/chat/principal.ts'
import type { Fence } from '../../../ports/conversation-store.ts'
import { statement } from '../builder.ts'
import type { Database } from '../database.ts'

const fencesSql = `
SELECT g.guest_id, g.epoch, g.migrated_to, c.id AS conversation_id, c.next_seq, c.content_bytes
FROM reprise_guest g LEFT JOIN conversation_cache c ON c.id = g.conversation_id
WHERE g.guest_id = ANY ($1::text[])`

interface FenceRow {
  readonly guest_id: string
  readonly epoch: number
  readonly migrated_to: string | null
  readonly conversation_id: string | null
  readonly next_seq: number
  readonly content_bytes: number
}

export async function readFences(database: Database, guestIds: readonly GuestId[]): Promise<readonly Fence[]> {
  if (guestIds.length === 0) return []
  const { rows } = await database.run<FenceRow>(statement('SELECT', 'reprise_guest', fencesSql, [guestIds]))
  const fences = new Map(rows.map(row => [row.guest_id, fenceOf(row)]))
  return guestIds.map(guestId => fences.get(guestId) ?? { kind: 'unknown' })
}

function fenceOf(row: FenceRow): Fence {
  if (row.migrated_to !== null) return { kind: 'migrated' }
  if (row.conversation_id === null) return { kind: 'unknown' }
  return {
    kind: 'active',
    epoch: row.epoch,
    conversationId: row.conversation_id as ConversationId,
    nextSequence: row.next_seq,
    contentBytes: row.content_bytes,
  }
}
