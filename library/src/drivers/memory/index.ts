export { type MemoryConversationCopiesOptions, memoryConversationCopies } from './conversation-copies.ts'
