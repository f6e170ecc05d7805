import type { Dialect, Ending } from '../dialect.ts'
import { countIn, isObject, type JsonObject, objectsIn, textIn, tryParse } from '../json.ts'
import { foldChat } from './fold-chat.ts'
import { unfoldChat } from './unfold-chat.ts'

/** OpenAI's chat completions, as OpenAI and all who are compatible with it speak them. */
export const chatDialect: Dialect = {
  fold: foldChat,
  unfold: unfoldChat,
  endingOf: body => {
    const choices = objectsIn(body['choices'])
    if (choices.length === 0) return 'unreadable'
    const endings = choices.map(endingOfChoice)
    return endings.find(ending => ending !== 'complete') ?? 'complete'
  },
  usageOf: body => {
    const usage = body['usage']
    if (!isObject(usage)) return undefined
    const details = usage['prompt_tokens_details']
    return {
      promptTokens: countIn(usage, 'prompt_tokens'),
      completionTokens: countIn(usage, 'completion_tokens'),
      cachedPromptTokens: isObject(details) ? countIn(details, 'cached_tokens') : 0,
    }
  },
  errorBody: (message, code) => ({ error: { message, type: 'reprise_error', param: null, code } }),
}

function endingOfChoice(choice: JsonObject): Ending {
  const reason = choice['finish_reason']
  if (reason === 'content_filter') return 'content_filter'
  if (reason !== 'stop' && reason !== 'tool_calls') return 'unfinished'
  const message = choice['message']
  if (!isObject(message)) return 'unreadable'
  const isValid = objectsIn(message['tool_calls']).every(({ function: called }) => {
    return !isObject(called) || tryParse(textIn(called, 'arguments')) !== undefined
  })
  return isValid ? 'complete' : 'invalid_tool_json'
}
