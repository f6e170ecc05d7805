import type { ConversationId, MessageId } from '../../../base/chat/message-id.ts'
import type { GuestId } from '../../../base/chat/principal.ts'
import type { Fence } from '../../../ports/chat/conversation-store.ts'
import { statement } from '../builder.ts'
import type { Lane } from '../database.ts'

interface FencesRow {
  /** A line for each guest, as `migrations/functions/fences.sql` says. */
  readonly fences: string | null
}

export async function readFences(lane: Lane, guestIds: readonly GuestId[]): Promise<readonly Fence[]> {
  if (guestIds.length === 0) return []
  const sql = 'SELECT reprise_fences($1) AS fences'
  const { rows } = await lane.run<FencesRow>(statement('SELECT', 'reprise_guest', sql, [guestIds]))
  return (rows[0]?.fences ?? '').split('\n').map(fenceOf)
}

function fenceOf(line: string): Fence {
  if (line === '') return { kind: 'unknown' }
  if (line === 'migrated') return { kind: 'migrated' }
  const [epoch, nextSequence, contentBytes, conversationId, head] = line.split(' ')
  return {
    kind: 'active',
    epoch: Number(epoch),
    conversationId: conversationId as ConversationId,
    nextSequence: Number(nextSequence),
    head: head === '' ? undefined : (head as MessageId),
    contentBytes: Number(contentBytes),
  }
}
