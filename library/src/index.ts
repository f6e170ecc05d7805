export { Announcer } from './base/announcer.ts'
export { type Clock, systemClock } from './base/clock.ts'
export { type ErrorCode, errorCodes } from './base/error-codes.ts'
export { type Gather, type GatherOptions, gather } from './base/gather.ts'
export { type Instant, instantOf, parseInstant } from './base/instant.ts'
export { historyJson, type Message, messageJson, type Role, roles } from './base/message.ts'
export { type ConversationId, type MessageId, newMessageId } from './base/message-id.ts'
export { type GuestId, parseGuestId, parseUserId, type UserId } from './base/principal.ts'
export { messageOf, RepriseError } from './base/reprise-error.ts'
export {
  type HourlyMetrics,
  type HourlyMetricsEvents,
  type HourlyMetricsOptions,
  hourlyMetrics,
} from './observe/hourly-metrics.ts'
export type * from './ports/conversation-copies.ts'
export type * from './ports/conversation-store.ts'
export type * from './ports/database-events.ts'
export type * from './ports/embedder.ts'
export type * from './ports/hourly-metrics.ts'
export type * from './ports/outbox.ts'
