import { type JsonObject, objectsIn } from '../json.ts'

/** The events by which one item of a response's output comes. */
export function itemEvents(item: JsonObject, output_index: number): readonly JsonObject[] {
  const at = { item_id: item['id'], output_index }
  const { begun, between } = partsOf(item, at)
  return [
    { type: 'response.output_item.added', output_index, item: begun },
    ...between,
    { type: 'response.output_item.done', output_index, item },
  ]
}

interface ItemParts {
  /** The item as it begins. */
  readonly begun: JsonObject
  readonly between: readonly JsonObject[]
}

/** Items of other types come whole. */
function partsOf(item: JsonObject, at: JsonObject): ItemParts {
  const begun = 'status' in item ? { ...item, status: 'in_progress' } : item
  switch (item['type']) {
    case 'message':
      return { begun: { ...begun, content: [] }, between: contentEvents(item, at) }
    case 'reasoning':
      return {
        begun: { ...begun, summary: [], ...(Array.isArray(item['content']) ? { content: [] } : {}) },
        between: [...summaryEvents(item, at), ...contentEvents(item, at)],
      }
    case 'function_call':
      return { begun: { ...begun, arguments: '' }, between: growing('function_call_arguments', 'arguments', item, at) }
    case 'mcp_call':
      return { begun: { ...begun, arguments: '' }, between: growing('mcp_call_arguments', 'arguments', item, at) }
    case 'custom_tool_call':
      return { begun: { ...begun, input: '' }, between: growing('custom_tool_call_input', 'input', item, at) }
    default:
      return { begun, between: [] }
  }
}

/** A text that came in one delta, under the name that the final event gives it. */
function growing(event: string, name: string, from: JsonObject, at: JsonObject, more: JsonObject = {}): JsonObject[] {
  return [
    { type: `response.${event}.delta`, ...at, delta: from[name], ...more },
    { type: `response.${event}.done`, ...at, [name]: from[name], ...more },
  ]
}

function contentEvents(item: JsonObject, where: JsonObject): readonly JsonObject[] {
  return objectsIn(item['content']).flatMap((part, content_index) => {
    const at = { ...where, content_index }
    return [
      { type: 'response.content_part.added', ...at, part: emptied(part) },
      ...partEvents(part, at),
      { type: 'response.content_part.done', ...at, part },
    ]
  })
}

function partEvents(part: JsonObject, at: JsonObject): readonly JsonObject[] {
  switch (part['type']) {
    case 'output_text': {
      const { annotations, logprobs = [] } = part
      const notes = Array.isArray(annotations) ? annotations : []
      const [delta, done] = growing('output_text', 'text', part, at, { logprobs })
      return [
        ...(delta === undefined ? [] : [delta]),
        ...notes.map((annotation: unknown, annotation_index) => {
          return { type: 'response.output_text.annotation.added', ...at, annotation_index, annotation }
        }),
        ...(done === undefined ? [] : [done]),
      ]
    }
    case 'refusal':
      return growing('refusal', 'refusal', part, at)
    case 'reasoning_text':
      return growing('reasoning_text', 'text', part, at)
    default:
      return []
  }
}

function emptied(part: JsonObject): JsonObject {
  if (part['type'] === 'refusal') return { ...part, refusal: '' }
  if (!('text' in part)) return part
  const lists = Object.fromEntries(Object.keys(part).flatMap(name => (Array.isArray(part[name]) ? [[name, []]] : [])))
  return { ...part, ...lists, text: '' }
}

function summaryEvents(item: JsonObject, where: JsonObject): readonly JsonObject[] {
  return objectsIn(item['summary']).flatMap((part, summary_index) => {
    const at = { ...where, summary_index }
    return [
      { type: 'response.reasoning_summary_part.added', ...at, part: emptied(part) },
      ...growing('reasoning_summary_text', 'text', part, at),
      { type: 'response.reasoning_summary_part.done', ...at, part },
    ]
  })
}
