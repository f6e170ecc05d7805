import type { ConversationCopies } from '../ports/chat/conversation-copies.ts'

/**
 * Whether the copy may hold what was erased: from when it comes back, perhaps with an older state, and from a deletion
 * that it could not carry out, until nothing is owed any more. In that time it answers only together with PostgreSQL.
 */
export class CopyDoubt {
  /** Raised by whatever gives reason for doubt. */
  #reasons = 0
  #settled = 0
  /** The last reason that only carrying out all deletions of late can settle. */
  #lastReturn = 0

  constructor(copies: ConversationCopies | undefined) {
    copies?.onReturn(() => {
      this.raise()
      this.#lastReturn = this.#reasons
    })
  }

  get isPresent(): boolean {
    return this.#settled < this.#reasons
  }

  raise(): void {
    this.#reasons += 1
  }

  /** To be called before a repair; what it returns is called when nothing is owed after it. */
  repairing(mayBeOlder: boolean): () => void {
    const reasons = this.#reasons
    return () => {
      if (mayBeOlder || this.#lastReturn <= this.#settled) this.#settled = reasons
    }
  }
}
