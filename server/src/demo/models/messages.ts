import { isJson, type Json, listOf } from '../json-schema-example.ts'
import { invalidRequest } from '../model-errors.ts'
import { countTokens, tokensOf } from '../model-text.ts'
import type { Finish } from './chat-completions.ts'
import { imagesIn, plainText, type Question, type Reply, replyTo } from './model-reply.ts'

/** Anthropic's `POST /v1/messages`, in one piece. */
export function message(body: Json, id: string, finish?: Finish): Json {
  const reply = replyTo(questionOf(body))
  return {
    ...headOf(body, id),
    content: blocksOf(reply),
    stop_reason: stopReason(reply, finish),
    stop_sequence: null,
    usage: usageOf(body, reply),
  }
}

/** The same as a stream: its events. */
export function messageEvents(body: Json, id: string, finish?: Finish): readonly Json[] {
  const reply = replyTo(questionOf(body))
  const usage = usageOf(body, reply)
  const started = {
    ...headOf(body, id),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usage, output_tokens: 1 },
  }
  return [
    { type: 'message_start', message: started },
    { type: 'ping' },
    ...blocksOf(reply).flatMap(blockEvents),
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason(reply, finish), stop_sequence: null },
      usage: { output_tokens: usage['output_tokens'] },
    },
    { type: 'message_stop' },
  ]
}

function headOf(body: Json, id: string): Json {
  return { id, type: 'message', role: 'assistant', model: body['model'] }
}

function blocksOf({ reasoning, text, calls }: Reply): readonly Json[] {
  return [
    ...(reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature: 'c2lnbmVk' }]),
    ...(text === '' ? [] : [{ type: 'text', text, citations: null }]),
    ...calls.map(({ id, name, arguments: input }) => ({ type: 'tool_use', id: `toolu_${id}`, name, input })),
  ]
}

function blockEvents(block: Json, index: number): readonly Json[] {
  const { start, deltas } = partsOf(block)
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map(delta => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

function partsOf(block: Json): { readonly start: Json; readonly deltas: readonly Json[] } {
  const { type, text, thinking, signature, input } = block
  if (type === 'text') {
    return {
      start: { ...block, text: '' },
      deltas: tokensOf(String(text)).map(token => ({ type: 'text_delta', text: token })),
    }
  }
  if (type === 'thinking') {
    return {
      start: { ...block, thinking: '', signature: '' },
      deltas: [
        ...tokensOf(String(thinking)).map(token => ({ type: 'thinking_delta', thinking: token })),
        { type: 'signature_delta', signature },
      ],
    }
  }
  const written = JSON.stringify(input)
  const middle = Math.floor(written.length / 2)
  return {
    start: { ...block, input: {} },
    deltas: ['', written.slice(0, middle), written.slice(middle)].map(partial_json => {
      return { type: 'input_json_delta', partial_json }
    }),
  }
}

function stopReason({ calls, isCut }: Reply, finish: Finish | undefined): string {
  if (finish === 'content_filter') return 'refusal'
  if (finish === 'length' || isCut) return 'max_tokens'
  return calls.length > 0 ? 'tool_use' : 'end_turn'
}

function usageOf(body: Json, { text, reasoning, calls }: Reply): Json {
  return {
    input_tokens: countTokens([body['system'], body['messages']]),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: tokensOf(text).length + tokensOf(reasoning).length + countTokens(calls),
    service_tier: 'standard',
  }
}

function questionOf(body: Json): Question {
  const messages = listOf(body['messages'])
  if (messages.length === 0) throw invalidRequest('messages: Field required')
  if (typeof body['max_tokens'] !== 'number') throw invalidRequest('max_tokens: Field required')
  const last = messages.findLast(({ role }) => role === 'user')?.['content']
  const choice = isJson(body['tool_choice']) ? body['tool_choice'] : {}
  return {
    model: String(body['model']),
    context: [body['system'], messages, body['tools']],
    text: plainText(last),
    images: imagesIn(last),
    tools: listOf(body['tools']).map(({ name, input_schema }) => ({ name: String(name), parameters: input_schema })),
    toolChoice: choice['type'] === 'none' ? 'none' : choice['type'] === 'tool' ? choice : undefined,
    isToolAnswered: listOf(last).some(({ type }) => type === 'tool_result'),
    mayCallSeveral: choice['disable_parallel_tool_use'] !== true,
    schema: undefined,
    maxTokens: body['max_tokens'],
    reasons: isJson(body['thinking']) && body['thinking']['type'] === 'enabled',
  }
}
