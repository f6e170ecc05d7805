export { connectRedis, type Redis, type RedisEvents, type RedisOptions } from './connect-redis.ts'
export {
  type RedisConversationCopies,
  type RedisConversationCopiesOptions,
  redisConversationCopies,
} from './conversation-copies.ts'
export type { RedisArgument, RedisReply } from './redis-connection.ts'
