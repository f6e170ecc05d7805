import type { EngineChoice } from './text-engine.ts'

/** What the model's thread is started with. */
export interface ThreadSettings {
  readonly engine: EngineChoice
}

/** One text for the model's thread. */
export interface ThreadRequest {
  readonly id: number
  readonly text: string
}

export type ThreadReply =
  | {
      readonly kind: 'embedded'
      readonly id: number
      readonly vector: Float32Array
      readonly truncated: boolean
      /** The time of the processor that the thread took since its last reply. */
      readonly workMs: number
    }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string; readonly workMs: number }
