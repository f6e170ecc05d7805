import { eventText } from '../event-reader.ts'
import { isObject, type JsonObject, objectsIn } from '../json.ts'

/** A chat completion as a stream: for each choice all it says, then why it ended; the token counts where they are wanted. */
export function unfoldChat(body: JsonObject, wantsUsage: boolean): string {
  const { choices, usage, object, ...head } = body
  const chunk = (own: JsonObject) =>
    eventText(
      JSON.stringify({
        ...head,
        object: 'chat.completion.chunk',
        ...own,
        ...(wantsUsage ? { usage: null, ...own } : {}),
      }),
    )
  let text = ''
  for (const { index, message, finish_reason, logprobs, ...rest } of objectsIn(choices)) {
    const said = logprobs === undefined ? {} : { logprobs }
    text += chunk({ choices: [{ index, delta: deltaOf(message), ...said, finish_reason: null }] })
    text += chunk({ choices: [{ index, delta: {}, ...rest, finish_reason }] })
  }
  if (wantsUsage && isObject(usage)) text += chunk({ choices: [], usage })
  return `${text}data: [DONE]\n\n`
}

function deltaOf(message: unknown): JsonObject {
  if (!isObject(message)) return {}
  if (!Array.isArray(message['tool_calls'])) return message
  return { ...message, tool_calls: objectsIn(message['tool_calls']).map((call, index) => ({ index, ...call })) }
}
