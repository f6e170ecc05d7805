import type { GuestId } from '../base/chat/principal.ts'
import type { Fence } from '../ports/chat/conversation-store.ts'

/** What JSON adds to the content of a message, at least: its keys, the shortest role, a timestamp, a comma. */
const jsonBytesPerMessage = 71
/** How many guests are remembered; of others PostgreSQL tells again. */
const maxRemembered = 10_000

/**
 * Guests whose histories have outgrown copies, each with the epoch of which that is true: a history shrinks only by
 * being erased. Remembered, so that nobody reads a long history again and again to find that it does not fit.
 */
export class OutgrownHistories {
  readonly #maxCopyBytes: number
  readonly #epochs = new Map<GuestId, number>()

  constructor(maxCopyBytes: number) {
    this.#maxCopyBytes = maxCopyBytes
  }

  note(guestId: GuestId, epoch: number): void {
    this.#epochs.delete(guestId)
    this.#epochs.set(guestId, epoch)
    const [oldest] = this.#epochs.size > maxRemembered ? this.#epochs.keys() : []
    if (oldest !== undefined) this.#epochs.delete(oldest)
  }

  /** Whether the guest's history had outgrown copies when it was last looked at, under whatever epoch. */
  seems(guestId: GuestId): boolean {
    return this.#epochs.has(guestId)
  }

  has(guestId: GuestId, epoch: number): boolean {
    return this.#epochs.get(guestId) === epoch
  }

  /** Whether this history may fit into a copy. What surely does not is noted. */
  mayFit(guestId: GuestId, fence: Extract<Fence, { kind: 'active' }>): boolean {
    if (this.has(guestId, fence.epoch)) return false
    this.#epochs.delete(guestId)
    if (fence.contentBytes + fence.nextSequence * jsonBytesPerMessage <= this.#maxCopyBytes) return true
    this.note(guestId, fence.epoch)
    return false
  }
}
