export { type CachedEmbedderOptions, cachedEmbedder } from './cached-embedder.ts'
export {
  type AskModel,
  type EmbeddingBatch,
  EmbeddingCache,
  type EmbeddingCall,
  type EmbeddingInput,
  type EmbeddingModelKey,
} from './embedding-cache.ts'
export type { KeptEmbedding } from './kept-embedding.ts'
export {
  createEmbeddingsAnswers,
  type EmbeddingsAnswers,
  type EmbeddingsAnswersOptions,
} from './openai/embeddings-answers.ts'
export type * from './openai/embeddings-call.ts'
export {
  type EmbeddingModel,
  type EmbedFunction,
  type WrapEmbeddingsOptions,
  wrapEmbeddings,
} from './wrap-embeddings.ts'
