import { sql } from 'kysely'
import type { ConversationId } from '../../../base/chat/message-id.ts'
import type { GuestId, UserId } from '../../../base/chat/principal.ts'
import { builder, statement, statementOf } from '../builder.ts'
import type { Transaction } from '../database.ts'

export interface LockedGuest {
  readonly conversationId: ConversationId | undefined
  readonly epoch: number
  readonly migratedTo: UserId | undefined
}

/** The guest's row, locked: the first lock of whoever erases or migrates. */
export async function lockGuest(transaction: Transaction, guestId: GuestId): Promise<LockedGuest | undefined> {
  const query = builder
    .selectFrom('reprise_guest')
    .select(['conversation_id', 'epoch', 'migrated_to'])
    .where('guest_id', '=', guestId)
    .forUpdate()
  const { rows } = await transaction.run<{ conversation_id: string | null; epoch: number; migrated_to: string | null }>(
    statementOf(query),
  )
  const [row] = rows
  if (row === undefined) return undefined
  return {
    conversationId: (row.conversation_id ?? undefined) as ConversationId | undefined,
    epoch: row.epoch,
    migratedTo: (row.migrated_to ?? undefined) as UserId | undefined,
  }
}

/** Takes the conversation from a guest, for good or for a user, and answers the raised epoch. */
export async function passOnGuest(
  transaction: Transaction,
  guestId: GuestId,
  migratedTo: UserId | undefined,
): Promise<number> {
  const query = builder
    .updateTable('reprise_guest')
    .set({ epoch: sql`epoch + 1`, conversation_id: null, migrated_to: migratedTo ?? null })
    .where('guest_id', '=', guestId)
    .returning('epoch')
  const { rows } = await transaction.run<{ epoch: number }>(statementOf(query))
  const [row] = rows
  if (row === undefined) throw new Error('The locked row of a guest is gone.')
  return row.epoch
}

/** An epoch above all that a guest can have had who is not known (any more). */
export async function unknownGuestEpoch(transaction: Transaction): Promise<number> {
  const { rows } = await transaction.run<{ epoch: number }>(
    statement('SELECT', 'other', 'SELECT reprise_first_epoch() AS epoch'),
  )
  return rows[0]?.epoch ?? 0
}

/** Notes that the fast copy must lose this guest's history. */
export async function noteCopyDeletion(transaction: Transaction, guestId: GuestId, epoch: number): Promise<void> {
  const query = builder
    .insertInto('reprise_copy_deletion')
    .values({ guest_id: guestId, epoch })
    .onConflict(conflict => conflict.column('guest_id').doUpdateSet({ epoch, settled_at: null }))
  await transaction.run(statementOf(query))
}
