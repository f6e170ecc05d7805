export type * from './asking/controls.ts'
export type * from './asking/llm-call.ts'
export type * from './llm-cache.ts'
