import type { Folding } from '../dialect.ts'
import type { StreamEvent } from '../event-reader.ts'
import { isObject, type JsonObject, setMember, textIn, tryParse } from '../json.ts'

/** A content block that is being built, and the JSON of its input as far as it came. */
interface OpenBlock {
  readonly block: JsonObject
  inputJson: string
}

/** The events of a message as one body. */
export function foldMessage(events: readonly StreamEvent[]): Folding {
  let body: JsonObject | undefined
  let isEnded = false
  const blocks = new Map<unknown, OpenBlock>()
  for (const { data } of events) {
    if (data === undefined) continue
    const event = tryParse(data)
    if (!isObject(event)) return { kind: 'unreadable' }
    const { type, index } = event
    if (type === 'error') return { kind: 'broken' }
    if (type === 'message_start' && isObject(event['message'])) body = { ...event['message'] }
    else if (type === 'content_block_start' && isObject(event['content_block'])) {
      blocks.set(index, { block: { ...event['content_block'] }, inputJson: '' })
    } else if (type === 'content_block_delta' && isObject(event['delta'])) {
      const open = blocks.get(index)
      if (open === undefined) return { kind: 'unreadable' }
      addDelta(open, event['delta'])
    } else if (type === 'message_delta' && body !== undefined) addMessageDelta(body, event)
    else if (type === 'message_stop') isEnded = true
  }
  if (body === undefined || !isEnded) return { kind: 'broken' }
  const content: JsonObject[] = []
  for (const [, { block, inputJson }] of [...blocks].sort(([one], [other]) => Number(one) - Number(other))) {
    const input = inputJson === '' ? block['input'] : tryParse(inputJson)
    if (inputJson !== '' && input === undefined) return { kind: 'invalid_tool_json' }
    content.push(inputJson === '' ? block : { ...block, input })
  }
  return { kind: 'whole', body: { ...body, content } }
}

function addDelta(open: OpenBlock, { type, ...delta }: JsonObject): void {
  if (type === 'input_json_delta') {
    open.inputJson += textIn(delta, 'partial_json')
    return
  }
  const { block } = open
  if (type === 'citations_delta') {
    const before: unknown = block['citations']
    block['citations'] = [...(Array.isArray(before) ? before : []), delta['citation']]
    return
  }
  // Text, thinking, signature, and whatever else is a text that grows.
  for (const [name, value] of Object.entries(delta)) {
    const before = Object.hasOwn(block, name) ? block[name] : undefined
    setMember(block, name, typeof value === 'string' && typeof before === 'string' ? before + value : value)
  }
}

function addMessageDelta(body: JsonObject, { type, delta, usage, ...rest }: JsonObject): void {
  Object.assign(body, rest, isObject(delta) ? delta : {})
  if (!isObject(usage)) return
  const counted = Object.fromEntries(Object.entries(usage).filter(([, count]) => count !== null))
  body['usage'] = { ...(isObject(body['usage']) ? body['usage'] : {}), ...counted }
}
