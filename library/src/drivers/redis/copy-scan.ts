import { type GuestId, parseGuestId } from '../../base/principal.ts'
import type { ScannedCopy } from '../../ports/conversation-copies.ts'
import type { Redis } from './connect-redis.ts'
import { believed, bookkeepingKey, copyKey } from './copy-keys.ts'
import type { RedisReply } from './redis-connection.ts'

const prefix = 'guest:'
/** Of a foreign list this many messages are read at most. */
const maxListMessages = 10_000

/** Walks over all keys of guests in small steps. Keys that are no guest's, or of a type that holds no history, are passed over. */
export async function* scanCopies(redis: Redis, count = 100): AsyncIterable<ScannedCopy> {
  let cursor = '0'
  do {
    const reply = await redis.run('read', ['SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', `${count}`])
    const [next, keys] = Array.isArray(reply) ? reply : []
    cursor = String(next ?? '0')
    const guestIds = (Array.isArray(keys) ? keys : []).flatMap(key => guestIdOf(String(key)))
    for (const guestId of guestIds) {
      const scanned = await look(redis, guestId)
      if (scanned !== undefined) yield scanned
    }
  } while (cursor !== '0')
}

async function look(redis: Redis, guestId: GuestId): Promise<ScannedCopy | undefined> {
  const reply = await redis.run('read', ['MGET', copyKey(guestId), bookkeepingKey(guestId)])
  const [value = null, bookkeeping = null]: RedisReply[] = Array.isArray(reply) ? reply : []
  const copy = believed(value, bookkeeping)
  if (copy !== undefined) return { guestId, copy, foreign: undefined }
  const foreign = Buffer.isBuffer(value) ? value : await readList(redis, guestId)
  return foreign && { guestId, copy: undefined, foreign }
}

async function readList(redis: Redis, guestId: GuestId): Promise<Uint8Array | undefined> {
  if ((await redis.run('read', ['TYPE', copyKey(guestId)])) !== 'list') return undefined
  const messages = await redis.run('read', ['LRANGE', copyKey(guestId), '0', `${maxListMessages - 1}`])
  return Buffer.from(`[${(Array.isArray(messages) ? messages : []).join(',')}]`)
}

function guestIdOf(key: string): readonly GuestId[] {
  try {
    return [parseGuestId(key.slice(prefix.length))]
  } catch {
    // Another program's key that happens to begin alike.
    return []
  }
}
