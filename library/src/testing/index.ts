export { type AnswerStoreHarness, answerStoreSuite } from './answer-store-suite.ts'
export { type BusHarness, busSuite } from './bus-suite.ts'
export type { ContractCase } from './contract-case.ts'
export { type ConversationCopiesUnderTest, conversationCopiesSuite } from './conversation-copies-suite.ts'
export type { ConversationStoreHarness } from './conversation-store-suite/scene.ts'
export { conversationStoreSuite } from './conversation-store-suite.ts'
export { embedderSuite } from './embedder-suite.ts'
export { evictionPolicySuite } from './eviction-policy-suite.ts'
export type {
  AppendOperation,
  EraseOperation,
  HistoryOperation,
  MigrateOperation,
  ReadOperation,
  Violation,
  ViolationKind,
} from './history-checker/operations.ts'
export { checkHistory } from './history-checker.ts'
export { type LeaseHarness, leaseSuite } from './lease-suite.ts'
export { type KeptEmbedding, type OutboxHarness, outboxSuite } from './outbox-suite.ts'
export { type StoreHarness, storeSuite } from './store-suite.ts'
