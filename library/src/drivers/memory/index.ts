export {
  type MemoryConversationCopies,
  type MemoryConversationCopiesOptions,
  memoryConversationCopies,
} from './conversation-copies.ts'
