import type { LlmRoute } from '../../../ports/answer-store.ts'
import { chatDialect } from './chat/chat-dialect.ts'
import type { Dialect } from './dialect.ts'
import { messagesDialect } from './messages/messages-dialect.ts'
import { responsesDialect } from './responses/responses-dialect.ts'

export const dialects: Readonly<Record<LlmRoute, Dialect>> = {
  'chat/completions': chatDialect,
  responses: responsesDialect,
  messages: messagesDialect,
}
