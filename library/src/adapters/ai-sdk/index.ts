export { type CachedEmbeddingsOptions, cachedEmbeddings } from './cached-embeddings.ts'
export { type CachedModelOptions, cachedModel } from './cached-model.ts'
