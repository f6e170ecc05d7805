import { type GuestId, parseGuestId } from '../../../base/chat/principal.ts'
import type { ScannedCopy } from '../../../ports/chat/conversation-copies.ts'
import type { Redis } from '../connection/redis.ts'
import type { RedisReply } from '../connection/redis-connection.ts'
import { scanKeys } from '../connection/scan-keys.ts'
import { believed, bookkeepingKey, copyKey } from './copy-keys.ts'

const prefix = 'guest:'
/** Of a foreign list this many messages are read at most. */
const maxListMessages = 10_000

/** Walks over all keys of guests in small steps. Keys that are no guest's, or of a type that holds no history, are passed over. */
export async function* scanCopies(redis: Redis, count = 100): AsyncIterable<ScannedCopy> {
  for await (const keys of scanKeys(redis, `${prefix}*`, count)) {
    for (const guestId of keys.flatMap(guestIdOf)) {
      const scanned = await look(redis, guestId)
      if (scanned !== undefined) yield scanned
    }
  }
}

async function look(redis: Redis, guestId: GuestId): Promise<ScannedCopy | undefined> {
  const key = copyKey(guestId)
  const reply = await redis.run('read', ['MGET', key, bookkeepingKey(guestId)], key)
  const [value = null, bookkeeping = null]: RedisReply[] = Array.isArray(reply) ? reply : []
  const copy = believed(value, bookkeeping)
  if (copy !== undefined) return { guestId, copy, foreign: undefined }
  const foreign = Buffer.isBuffer(value) ? value : await readList(redis, guestId)
  return foreign && { guestId, copy: undefined, foreign }
}

async function readList(redis: Redis, guestId: GuestId): Promise<Uint8Array | undefined> {
  const key = copyKey(guestId)
  if ((await redis.run('read', ['TYPE', key], key)) !== 'list') return undefined
  const messages = await redis.run('read', ['LRANGE', key, '0', `${maxListMessages - 1}`], key)
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
