import type { Dialect } from '../dialect.ts'
import { countIn, isObject } from '../json.ts'
import { foldMessage } from './fold-message.ts'
import { unfoldMessage } from './unfold-message.ts'

const complete: ReadonlySet<unknown> = new Set(['end_turn', 'tool_use', 'stop_sequence'])

/** Anthropic's messages. */
export const messagesDialect: Dialect = {
  fold: foldMessage,
  unfold: unfoldMessage,
  endingOf: body => {
    if (body['type'] !== 'message' || !Array.isArray(body['content'])) return 'unreadable'
    if (body['stop_reason'] === 'refusal') return 'content_filter'
    return complete.has(body['stop_reason']) ? 'complete' : 'unfinished'
  },
  usageOf: ({ usage }) => {
    if (!isObject(usage)) return undefined
    const cachedPromptTokens = countIn(usage, 'cache_read_input_tokens')
    return {
      promptTokens: countIn(usage, 'input_tokens') + countIn(usage, 'cache_creation_input_tokens') + cachedPromptTokens,
      completionTokens: countIn(usage, 'output_tokens'),
      cachedPromptTokens,
    }
  },
  errorBody: (message, code) => ({ type: 'error', error: { type: code, message } }),
}
