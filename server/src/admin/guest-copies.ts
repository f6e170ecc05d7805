import type { FastCopies } from '../compose.ts'
import type { GuestCopies } from './watch-guests.ts'

/** What operators can do to the fast copies, wherever they lie. */
export function guestCopies(fastCopies: FastCopies | undefined): GuestCopies | undefined {
  if (fastCopies === undefined) return undefined
  if (fastCopies.kind === 'memory') {
    const { copies } = fastCopies
    return {
      held: () => ({ entries: copies.size, bytes: copies.bytes, maxBytes: copies.maxBytes }),
      clear: async () => copies.clear(),
      cleanup: async () => copies.cleanup(),
    }
  }
  const { copies } = fastCopies
  return {
    held: undefined,
    clear: async () => {
      let removed = 0
      for await (const { guestId, copy } of copies.scan()) {
        // Of the copy's own epoch: it may be filled anew at once.
        if (copy !== undefined && (await copies.drop(guestId, copy.epoch))) removed += 1
      }
      return removed
    },
    cleanup: async () => 0,
  }
}
