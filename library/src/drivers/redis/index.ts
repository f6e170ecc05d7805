export { connectRedis, type RedisOptions } from './connect-redis.ts'
export type { Redis, RedisEvents, RedisMaster } from './connection/redis.ts'
export type { GivenClient } from './connection/redis-access.ts'
export type { RedisArgument, RedisReply } from './connection/redis-connection.ts'
export {
  type RedisConversationCopies,
  type RedisConversationCopiesOptions,
  redisConversationCopies,
} from './copies/conversation-copies.ts'
export { redisRequestCounter } from './counting/request-counter.ts'
export { type RedisTier, type RedisTierOptions, redis } from './tier/redis.ts'
