import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type GuestId, parseGuestId } from '../base/chat/principal.ts'
import { RepriseError } from '../base/reprise-error.ts'
import type { ConversationStore } from '../ports/chat/conversation-store.ts'

export interface IssuedGuest {
  readonly guestId: GuestId
  /** 256 random bits, base64url. Shown once; only its hash is stored. */
  readonly secret: string
}

export interface GuestSecrets {
  /** Makes up a guest and its secret. */
  issue(): Promise<IssuedGuest>
  /** Whether this is the secret that was issued for the guest. Constant-time; false for a guest without one. */
  check(guestId: GuestId, secret: string): Promise<boolean>
}

/** Hashes kept in memory, so that a chat does not ask PostgreSQL for its secret again with every message. */
const maxRemembered = 10_000

/** Secrets carry 256 random bits, so that a plain SHA-256 is enough of a hash: there is nothing to guess. */
export function createGuestSecrets(store: ConversationStore): GuestSecrets {
  const remembered = new Map<GuestId, string>()

  async function hashOf(guestId: GuestId): Promise<string | undefined> {
    const known = remembered.get(guestId)
    if (known !== undefined) return known
    const stored = await store.secretHash(guestId)
    if (stored === undefined) return undefined
    const oldest = remembered.size >= maxRemembered ? remembered.keys().next().value : undefined
    if (oldest !== undefined) remembered.delete(oldest)
    remembered.set(guestId, stored)
    return stored
  }

  return {
    issue: async () => {
      const guestId = parseGuestId(`g_${randomBytes(16).toString('base64url')}`)
      const secret = randomBytes(32).toString('base64url')
      if (await store.registerGuest(guestId, hash('sha256', secret))) return { guestId, secret }
      throw new RepriseError('internal_error', 'A guest id of 128 random bits was taken already; try again.')
    },
    check: async (guestId, secret) => {
      const stored = await hashOf(guestId)
      const given = hash('sha256', secret)
      const matches = timingSafeEqual(Buffer.from(given), Buffer.from(stored ?? hash('sha256', '')))
      return matches && stored !== undefined
    },
  }
}
