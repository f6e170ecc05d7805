import { isJson, type Json, listOf } from '../json-schema-example.ts'
import { invalidRequest } from '../model-errors.ts'
import { countTokens, tokensOf } from '../model-text.ts'
import type { Finish } from './chat-completions.ts'
import { imagesIn, isReasoner, plainText, type Question, type Reply, replyTo } from './model-reply.ts'

/** OpenAI's `POST /v1/responses`, in one piece. */
export function response(body: Json, id: string, created: number, finish?: Finish): Json {
  const reply = replyTo(questionOf(body))
  const cut = finish ?? (reply.isCut ? 'length' : undefined)
  return {
    ...headOf(body, id, created),
    status: cut === undefined ? 'completed' : 'incomplete',
    incomplete_details: cut === undefined ? null : { reason: cut === 'length' ? 'max_output_tokens' : cut },
    output: itemsOf(reply, id),
    usage: usageOf(body, reply),
  }
}

/** The same as a stream: its events, numbered. */
export function responseEvents(body: Json, id: string, created: number, finish?: Finish): readonly Json[] {
  const whole = response(body, id, created, finish)
  const begun = { ...whole, status: 'in_progress', incomplete_details: null, output: [], usage: null }
  const events: readonly Json[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...listOf(whole['output']).flatMap(itemEvents),
    { type: `response.${whole['status']}`, response: whole },
  ]
  return events.map((event, sequence_number) => ({ ...event, sequence_number }))
}

function headOf(body: Json, id: string, created_at: number): Json {
  const { model, instructions = null, tools = [], tool_choice = 'auto', temperature = 1, top_p = 1 } = body
  const { metadata = {}, user = null, text = { format: { type: 'text' } }, parallel_tool_calls = true } = body
  return {
    id,
    object: 'response',
    created_at,
    model,
    error: null,
    instructions,
    tools,
    tool_choice,
    temperature,
    top_p,
    metadata,
    user,
    text,
    parallel_tool_calls,
    previous_response_id: body['previous_response_id'] ?? null,
    store: body['store'] ?? true,
    truncation: 'disabled',
    max_output_tokens: body['max_output_tokens'] ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
  }
}

function itemsOf({ reasoning, text, calls }: Reply, id: string): readonly Json[] {
  const own = id.replace(/^resp_/, '')
  return [
    ...(reasoning === ''
      ? []
      : [{ id: `rs_${own}`, type: 'reasoning', summary: [{ type: 'summary_text', text: reasoning }] }]),
    ...(calls.length > 0 ? [] : [messageItem(`msg_${own}`, text)]),
    ...calls.map(({ id: callId, name, arguments: given }) => ({
      id: `fc_${callId}`,
      type: 'function_call',
      status: 'completed',
      call_id: `call_${callId}`,
      name,
      arguments: JSON.stringify(given),
    })),
  ]
}

function messageItem(id: string, text: string): Json {
  const part = { type: 'output_text', text, annotations: [], logprobs: [] }
  return { id, type: 'message', status: 'completed', role: 'assistant', content: [part] }
}

function itemEvents(item: Json, output_index: number): readonly Json[] {
  const at = { item_id: item['id'], output_index }
  const begun = 'status' in item ? { ...item, status: 'in_progress' } : item
  const done = { type: 'response.output_item.done', output_index, item }
  const added = (own: Json) => ({ type: 'response.output_item.added', output_index, item: { ...begun, ...own } })
  if (item['type'] === 'message') {
    const [part = {}] = listOf(item['content'])
    return [added({ content: [] }), ...textEvents(part, { ...at, content_index: 0 }), done]
  }
  if (item['type'] === 'reasoning') {
    const [part = {}] = listOf(item['summary'])
    return [added({ summary: [] }), ...summaryEvents(part, { ...at, summary_index: 0 }), done]
  }
  const written = String(item['arguments'])
  const deltas = [written.slice(0, 3), written.slice(3)].map(delta => {
    return { type: 'response.function_call_arguments.delta', ...at, delta }
  })
  const whole = { type: 'response.function_call_arguments.done', ...at, name: item['name'], arguments: written }
  return [added({ arguments: '' }), ...deltas, whole, done]
}

function textEvents(part: Json, at: Json): readonly Json[] {
  const text = String(part['text'])
  const logprobs: readonly never[] = []
  return [
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...tokensOf(text).map(delta => ({ type: 'response.output_text.delta', ...at, delta, logprobs, obfuscation: 'k2' })),
    { type: 'response.output_text.done', ...at, text, logprobs },
    { type: 'response.content_part.done', ...at, part },
  ]
}

function summaryEvents(part: Json, at: Json): readonly Json[] {
  const text = String(part['text'])
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
    ...tokensOf(text).map(delta => ({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
    { type: 'response.reasoning_summary_text.done', ...at, text },
    { type: 'response.reasoning_summary_part.done', ...at, part },
  ]
}

function usageOf(body: Json, { text, reasoning, calls }: Reply): Json {
  const input_tokens = countTokens([body['instructions'], body['input']])
  const reasoning_tokens = tokensOf(reasoning).length
  const output_tokens = reasoning_tokens + tokensOf(text).length + (calls.length > 0 ? countTokens(calls) : 0)
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens },
    total_tokens: input_tokens + output_tokens,
  }
}

function questionOf(body: Json): Question {
  const { input } = body
  if (typeof input !== 'string' && listOf(input).length === 0) {
    throw invalidRequest("Missing required parameter: 'input'.", 'input')
  }
  const model = String(body['model'])
  const items = listOf(input)
  const last = typeof input === 'string' ? input : items.findLast(({ role }) => role === 'user')?.['content']
  const format = isJson(body['text']) && isJson(body['text']['format']) ? body['text']['format'] : {}
  const maxTokens = body['max_output_tokens']
  return {
    model,
    context: [body['instructions'], input, body['tools']],
    text: plainText(last),
    images: imagesIn(last),
    tools: listOf(body['tools']).flatMap(({ type, name, parameters }) =>
      type === 'function' ? [{ name: String(name), parameters }] : [],
    ),
    toolChoice: body['tool_choice'],
    isToolAnswered: items.at(-1)?.['type'] === 'function_call_output',
    mayCallSeveral: body['parallel_tool_calls'] !== false,
    schema: format['type'] === 'json_schema' ? format['schema'] : format['type'] === 'json_object' ? true : undefined,
    maxTokens: typeof maxTokens === 'number' ? maxTokens : undefined,
    reasons: isReasoner(model),
  }
}
