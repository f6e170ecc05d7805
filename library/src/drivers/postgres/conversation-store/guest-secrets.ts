import type { GuestId } from '../../../base/chat/principal.ts'
import { builder, statementOf } from '../builder.ts'
import type { Database } from '../database.ts'

export async function registerGuest(database: Database, guestId: GuestId, hash: string): Promise<boolean> {
  const query = builder
    .insertInto('reprise_guest')
    .values({ guest_id: guestId, secret_hash: hash })
    .onConflict(conflict => conflict.doNothing())
  const { rowCount } = await database.run(statementOf(query))
  return rowCount === 1
}

export async function secretHash(database: Database, guestId: GuestId): Promise<string | undefined> {
  const query = builder.selectFrom('reprise_guest').select('secret_hash').where('guest_id', '=', guestId)
  const { rows } = await database.run<{ secret_hash: string | null }>(statementOf(query))
  return rows[0]?.secret_hash ?? undefined
}
