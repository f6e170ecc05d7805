export { type DocumentsInvalidated, type RetrievalCache, type Retriever, retrievalCache } from './retrieval-cache.ts'
export type { AnswersOfDocuments, RetrievalCacheOptions, RetrievalQuery } from './retrieval-options.ts'
