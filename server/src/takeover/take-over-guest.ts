import { createHash } from 'node:crypto'
import type { ConversationCopies, ConversationStore, GuestId, StoredMessage } from 'reprise'
import type { Conversations, MessageDraft } from 'reprise/conversation'
import { allMessages } from '../copy-check/all-messages.ts'

export interface GuestTakeoverParts {
  readonly store: ConversationStore
  /**
   * Appends to `store` alone, without copies: what an older system left in Redis must stay there until all of it is
   * committed.
   */
  readonly conversations: Conversations
  readonly copies: Pick<ConversationCopies, 'drop'> & {
    /** Moves an older history away that could not be taken over, so that nothing is written over it. */
    setAside(guestId: GuestId): Promise<void>
  }
}

export interface GuestTakeover {
  readonly kind: 'imported' | 'completed' | 'known' | 'migrated' | 'conflict'
  readonly appended: number
}

/** Appends what PostgreSQL lacks of a guest, if what it has is how the older history begins. */
export async function takeOverGuest(
  parts: GuestTakeoverParts,
  guestId: GuestId,
  older: readonly MessageDraft[],
): Promise<GuestTakeover> {
  const { store, copies } = parts
  const stored = await allMessages(store, guestId)
  if (stored === 'migrated') return { kind: 'migrated', appended: 0 }
  if (!agree(older, stored)) {
    await copies.setAside(guestId)
    return { kind: 'conflict', appended: 0 }
  }
  const missing = older.slice(stored.length)
  if (missing.length > 0) await appendMissing(parts, guestId, missing, stored.length)
  const [fence] = await store.fences([guestId])
  // PostgreSQL has it all now: the next read makes a copy of our own.
  if (fence?.kind === 'active') await copies.drop(guestId, fence.epoch)
  if (missing.length === 0) return { kind: 'known', appended: 0 }
  return { kind: stored.length === 0 ? 'imported' : 'completed', appended: missing.length }
}

/** Whether one history is the other's beginning. Times are not compared: older systems noted them twice, apart. */
function agree(older: readonly MessageDraft[], stored: readonly StoredMessage[]): boolean {
  return stored.every((message, index) => {
    const other = older[index]
    return other === undefined || (other.role === message.role && other.content === message.content)
  })
}

/** The keys keep two takeovers at once from appending twice. */
async function appendMissing(
  { conversations }: GuestTakeoverParts,
  guestId: GuestId,
  missing: readonly MessageDraft[],
  from: number,
): Promise<void> {
  const answers = await Promise.all(
    missing.map((message, offset) => {
      const said = JSON.stringify([from + offset, message])
      const key = `takeover-${createHash('sha256').update(said).digest('base64url')}`
      return conversations.append({ kind: 'guest', guestId }, message, key)
    }),
  )
  const refused = answers.find(answer => answer.kind !== 'saved')
  if (refused !== undefined) throw new Error(`taking over the guest ${guestId} stopped: ${refused.kind}`)
}
