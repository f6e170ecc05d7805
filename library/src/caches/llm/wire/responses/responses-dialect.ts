import type { Dialect, Folding } from '../dialect.ts'
import type { StreamEvent } from '../event-reader.ts'
import { countIn, isObject, objectsIn, textIn, tryParse } from '../json.ts'
import { unfoldResponse } from './unfold-response.ts'

/** Events that end a stream; they carry the whole response. */
const last: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** OpenAI's responses. */
export const responsesDialect: Dialect = {
  fold: foldResponse,
  unfold: unfoldResponse,
  endingOf: body => {
    if (body['object'] !== 'response' || !Array.isArray(body['output'])) return 'unreadable'
    if (body['status'] !== 'completed') {
      const details = body['incomplete_details']
      return isObject(details) && details['reason'] === 'content_filter' ? 'content_filter' : 'unfinished'
    }
    const isValid = objectsIn(body['output']).every(item => {
      return item['type'] !== 'function_call' || tryParse(textIn(item, 'arguments')) !== undefined
    })
    return isValid ? 'complete' : 'invalid_tool_json'
  },
  usageOf: ({ usage }) => {
    if (!isObject(usage)) return undefined
    const details = usage['input_tokens_details']
    return {
      promptTokens: countIn(usage, 'input_tokens'),
      completionTokens: countIn(usage, 'output_tokens'),
      cachedPromptTokens: isObject(details) ? countIn(details, 'cached_tokens') : 0,
    }
  },
  errorBody: (message, code) => ({ error: { message, type: 'reprise_error', param: null, code } }),
}

function foldResponse(events: readonly StreamEvent[]): Folding {
  for (const { data } of events.toReversed()) {
    if (data === undefined || data.trim() === '[DONE]') continue
    const event = tryParse(data)
    if (!isObject(event)) return { kind: 'unreadable' }
    if (!last.has(event['type']) || !isObject(event['response'])) return { kind: 'broken' }
    return { kind: 'whole', body: event['response'] }
  }
  return { kind: 'broken' }
}
