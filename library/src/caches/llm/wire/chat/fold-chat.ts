import type { Folding } from '../dialect.ts'
import type { StreamEvent } from '../event-reader.ts'
import { isObject, type JsonObject, objectsIn, setMember, tryParse } from '../json.ts'
import { mergeDelta } from './merge-delta.ts'

/** Of single chunks, not of the answer. */
const ofChunks: ReadonlySet<string> = new Set(['obfuscation'])

/** The chunks of a chat completion as one body. */
export function foldChat(events: readonly StreamEvent[]): Folding {
  const body: JsonObject = { id: '', object: 'chat.completion' }
  const choices = new Map<unknown, JsonObject>()
  let isEnded = false
  for (const { data } of events) {
    if (data === undefined) continue
    if (data.trim() === '[DONE]') {
      isEnded = true
      continue
    }
    const chunk = tryParse(data)
    if (!isObject(chunk)) return { kind: 'unreadable' }
    if (isObject(chunk['error'])) return { kind: 'broken' }
    addChunk(body, choices, chunk)
  }
  if (!isEnded) return { kind: 'broken' }
  if (choices.size === 0) return { kind: 'unreadable' }
  const inOrder = [...choices.values()].sort((one, other) => Number(one['index']) - Number(other['index']))
  // `usage` last, as in an answer that comes in one piece.
  const { usage, ...rest } = body
  return { kind: 'whole', body: { ...rest, choices: inOrder.map(finished), ...(usage === undefined ? {} : { usage }) } }
}

function addChunk(body: JsonObject, choices: Map<unknown, JsonObject>, chunk: JsonObject): void {
  for (const [name, value] of Object.entries(chunk)) {
    if (name === 'choices') for (const choice of objectsIn(value)) addChoice(choices, choice)
    else if (
      name !== 'object' &&
      !ofChunks.has(name) &&
      (value !== null || (name !== 'usage' && !Object.hasOwn(body, name)))
    ) {
      setMember(body, name, value)
    }
  }
}

function addChoice(choices: Map<unknown, JsonObject>, { delta, ...rest }: JsonObject): void {
  const index = rest['index'] ?? 0
  const choice = choices.get(index) ?? { index, message: { role: 'assistant', content: null }, finish_reason: null }
  choices.set(index, choice)
  mergeDelta(choice, rest)
  const { message } = choice
  if (isObject(delta) && isObject(message)) mergeDelta(message, delta)
}

/** Calls of tools are numbered in chunks alone. */
function finished(choice: JsonObject): JsonObject {
  const { message } = choice
  if (!isObject(message) || !Array.isArray(message['tool_calls'])) return choice
  const calls = objectsIn(message['tool_calls'])
    .toSorted((one, other) => Number(one['index']) - Number(other['index']))
    .map(({ index, ...call }) => call)
  return { ...choice, message: { ...message, tool_calls: calls } }
}
