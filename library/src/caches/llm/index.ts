export { answerHeaders } from './asking/answer-headers.ts'
export {
  type CacheMode,
  type Controls,
  defaultControls,
  type HeaderValues,
  isControlHeader,
  type ReplayPace,
  readControls,
} from './asking/controls.ts'
export { errorBody } from './asking/error-body.ts'
export type * from './asking/llm-call.ts'
export { documentTag } from './kept/answer-tags.ts'
export { type LlmCache, llmCache } from './llm-cache.ts'
export type { LlmEvents } from './llm-events.ts'
export type { LlmCacheOptions } from './llm-options.ts'
export { promptHash } from './prompt/known-prompts.ts'
