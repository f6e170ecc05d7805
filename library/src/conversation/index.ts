export type { AppendAnswer, MessageDraft } from './append.ts'
export type { ConversationEvents, CopyResult, SideTask, StoreName } from './conversation-events.ts'
export {
  type Conversations,
  type ConversationsOptions,
  type CopyRepairs,
  createConversations,
  type EraseAnswer,
  type EraseConversationAnswer,
} from './conversations.ts'
export type { IssuedGuest } from './guest-secrets.ts'
export type { HistoryAnswer } from './history.ts'
export type { CursorQuery, PageAnswer, PagedMessage } from './page.ts'
export {
  createRecall,
  type Recall,
  type RecallAnswer,
  type RecallOptions,
  type RecallQuery,
  type ScoredMessage,
} from './recall/recall.ts'
