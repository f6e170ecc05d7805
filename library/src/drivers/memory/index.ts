export {
  type MemoryConversationCopies,
  type MemoryConversationCopiesOptions,
  memoryConversationCopies,
} from './conversation-copies.ts'
export { type InProcessTierOptions, inProcessTier } from './in-process-tier.ts'
