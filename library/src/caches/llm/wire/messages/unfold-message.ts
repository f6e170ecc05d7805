import { eventText } from '../event-reader.ts'
import { isObject, type JsonObject, objectsIn, textIn } from '../json.ts'

/** A message as a stream of events, each block in one delta. */
export function unfoldMessage(body: JsonObject): string {
  const { stop_reason = null, stop_sequence = null, usage } = body
  const message = { ...body, content: [], stop_reason: null, stop_sequence: null, usage: atStart(usage) }
  let text = say({ type: 'message_start', message })
  objectsIn(body['content']).forEach((block, index) => {
    text += unfoldBlock(block, index).map(say).join('')
  })
  text += say({ type: 'message_delta', delta: { stop_reason, stop_sequence }, usage })
  return text + say({ type: 'message_stop' })
}

function say(event: JsonObject): string {
  return eventText(JSON.stringify(event), textIn(event, 'type'))
}

/** At the start nothing is written yet. */
function atStart(usage: unknown): unknown {
  return isObject(usage) ? { ...usage, output_tokens: 0 } : usage
}

function unfoldBlock(block: JsonObject, index: number): readonly JsonObject[] {
  const { start, deltas } = partsOf(block)
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map(delta => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

/** A block as it begins, and what is then added to it. Blocks of other types come whole. */
function partsOf(block: JsonObject): { readonly start: JsonObject; readonly deltas: readonly JsonObject[] } {
  switch (block['type']) {
    case 'text': {
      const { citations } = block
      const cited = Array.isArray(citations) && citations.length > 0
      return {
        start: { ...block, text: '', ...(cited ? { citations: [] } : {}) },
        deltas: [
          ...(cited ? citations.map((citation: unknown) => ({ type: 'citations_delta', citation })) : []),
          { type: 'text_delta', text: block['text'] },
        ],
      }
    }
    case 'thinking':
      return {
        start: { ...block, thinking: '', ...('signature' in block ? { signature: '' } : {}) },
        deltas: [
          { type: 'thinking_delta', thinking: block['thinking'] },
          ...('signature' in block ? [{ type: 'signature_delta', signature: block['signature'] }] : []),
        ],
      }
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return {
        start: { ...block, input: {} },
        deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(block['input'] ?? {}) }],
      }
    default:
      return { start: block, deltas: [] }
  }
}
