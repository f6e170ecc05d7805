import { createHmac, randomBytes } from 'node:crypto'

/**
 * Marks an owner in a log without naming it: 12 hex digits that only who has the key can compute. Without a key the
 * marks of one process belong together and those of two do not.
 */
export function ownerMark(key: Uint8Array = randomBytes(32)): (owner: string) => string {
  return owner => createHmac('sha256', key).update(owner).digest('hex').slice(0, 12)
}
