import type { GuestId, ScannedCopy } from 'reprise'
import { readOlderHistory } from './older-history.ts'
import { type GuestTakeoverParts, takeOverGuest } from './take-over-guest.ts'

export interface TakeoverReport {
  /** Histories found under `guest:*` that Reprise did not write. */
  readonly found: number
  /** Guests that PostgreSQL did not know and that were imported. */
  readonly imported: number
  /** Guests of whom PostgreSQL had only the beginning. */
  readonly completed: number
  /** Messages appended. */
  readonly messages: number
  /** Guests of whom PostgreSQL had everything. */
  readonly known: number
  /** Guests who have become users: what PostgreSQL says of them stands. */
  readonly migrated: number
  /** Guests of whom PostgreSQL says something else. What the older system kept was set aside in Redis. */
  readonly conflicts: readonly GuestId[]
  readonly unreadable: readonly { readonly guestId: GuestId; readonly reason: string }[]
}

/**
 * Takes over what an older system left under `guest:*`: messages that PostgreSQL lacks are appended to it. Where both
 * know a guest, PostgreSQL decides. Carried out again it changes nothing.
 */
export async function takeOver(
  scanned: AsyncIterable<ScannedCopy>,
  parts: GuestTakeoverParts,
): Promise<TakeoverReport> {
  const count = { found: 0, imported: 0, completed: 0, messages: 0, known: 0, migrated: 0 }
  const conflicts = new Set<GuestId>()
  const unreadable = new Map<GuestId, string>()
  for await (const { guestId, foreign } of scanned) {
    if (foreign === undefined) continue
    count.found += 1
    const older = readOlderHistory(foreign)
    if (older.kind === 'unreadable') {
      unreadable.set(guestId, older.reason)
      await parts.copies.setAside(guestId)
      continue
    }
    const outcome = await takeOverGuest(parts, guestId, older.messages)
    if (outcome.kind === 'conflict') conflicts.add(guestId)
    else count[outcome.kind] += 1
    count.messages += outcome.appended
  }
  return {
    ...count,
    conflicts: [...conflicts],
    unreadable: [...unreadable].map(([guestId, reason]) => ({ guestId, reason })),
  }
}
