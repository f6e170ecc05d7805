import type { FinishReason, GenerateResult } from './model-types.ts'

/** Whether an answer may be given again: complete, and with tool calls that can be read. */
export function isKeepable({ finishReason, content }: GenerateResult): boolean {
  return isComplete(finishReason) && content.every(each => each.type !== 'tool-call' || isJson(each.input))
}

function isComplete({ unified }: FinishReason): boolean {
  return unified === 'stop' || unified === 'tool-calls'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
