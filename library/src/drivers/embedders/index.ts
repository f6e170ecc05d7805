export type { AccessTokens } from './google-access-tokens.ts'
export { type HashEmbedderOptions, hashEmbedder } from './hash-embedder.ts'
export { type OpenaiEmbedderOptions, openaiEmbedder } from './openai-embedder.ts'
export { type VertexEmbedderOptions, vertexEmbedder } from './vertex-embedder.ts'
