import type { ConversationCopies } from 'reprise'
import type { RedisConversationCopies } from 'reprise/redis'
import type { Stores } from '../compose.ts'

/** The copies in Redis; undefined where there is none, for then they are the business of one process alone. */
export function redisCopiesOf({ fastCopies }: Stores): RedisConversationCopies | undefined {
  return fastCopies !== undefined && isRedis(fastCopies.copies) ? fastCopies.copies : undefined
}

function isRedis(copies: ConversationCopies): copies is RedisConversationCopies {
  return copies.name === 'redis' && 'scan' in copies
}
