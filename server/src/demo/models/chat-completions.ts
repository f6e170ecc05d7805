import { isJson, type Json, listOf } from '../json-schema-example.ts'
import { invalidRequest } from '../model-errors.ts'
import { countTokens, tokensOf } from '../model-text.ts'
import { imagesIn, isReasoner, plainText, type Question, type Reply, replyTo } from './model-reply.ts'

/** How an answer ends when it is made to end in another way. */
export type Finish = 'length' | 'content_filter'

/** OpenAI's `POST /v1/chat/completions`, in one piece. */
export function chatCompletion(body: Json, id: string, created: number, finish?: Finish): Json {
  const question = questionOf(body)
  const choices = Array.from({ length: choiceCount(body) }, (_, index) => {
    const reply = replyTo(question, index)
    return {
      index,
      message: {
        role: 'assistant',
        content: reply.calls.length > 0 ? null : reply.text,
        refusal: null,
        annotations: [],
        ...(reply.reasoning === '' ? {} : { reasoning_content: reply.reasoning }),
        ...(reply.calls.length === 0 ? {} : { tool_calls: reply.calls.map(toolCall) }),
      },
      logprobs: body['logprobs'] === true ? { content: tokensOf(reply.text).map(logprob), refusal: null } : null,
      finish_reason: finish ?? finishOf(reply),
    }
  })
  return { id, object: 'chat.completion', created, model: question.model, choices, usage: usageOf(body), ...common }
}

/** The same as a stream: the data of its events. */
export function chatChunks(body: Json, id: string, created: number, finish?: Finish): readonly string[] {
  const question = questionOf(body)
  const options = isJson(body['stream_options']) ? body['stream_options'] : {}
  const counts = options['include_usage'] === true
  const head = { id, object: 'chat.completion.chunk', created, model: question.model, ...common }
  const hidden = options['include_obfuscation'] === false ? {} : { obfuscation: 'x7Qd' }
  const chunk = (choices: unknown[], own: Json = {}) =>
    JSON.stringify({ ...head, choices, ...(counts ? { usage: null } : {}), ...own })
  const delta = (index: number, said: Json, logprobs: unknown = null) =>
    chunk([{ index, delta: said, logprobs, finish_reason: null }], hidden)

  // Choices come interleaved, as they do from the real service.
  const byChoice = Array.from({ length: choiceCount(body) }, (_, index) => {
    const reply = replyTo(question, index)
    return [
      delta(index, { role: 'assistant', content: reply.calls.length > 0 ? null : '', refusal: null }),
      ...tokensOf(reply.reasoning).map(reasoning_content => delta(index, { reasoning_content })),
      ...tokensOf(reply.text).map(content =>
        delta(index, { content }, body['logprobs'] === true ? { content: [logprob(content)], refusal: null } : null),
      ),
      ...reply.calls.flatMap((call, at) => callDeltas(call, at).map(tool_calls => delta(index, { tool_calls }))),
      chunk([{ index, delta: {}, logprobs: null, finish_reason: finish ?? finishOf(reply) }], hidden),
    ]
  })
  const longest = Math.max(...byChoice.map(({ length }) => length))
  const chunks = Array.from({ length: longest }, (_, at) => byChoice.flatMap(each => each[at] ?? [])).flat()
  const counted = counts ? [chunk([], { usage: usageOf(body) })] : []
  return [...chunks, ...counted, '[DONE]']
}

const common = { service_tier: 'default', system_fingerprint: 'fp_demo' }

function callDeltas(call: Reply['calls'][number], index: number): readonly unknown[][] {
  const { function: called, ...rest } = toolCall(call)
  const written = called.arguments
  const middle = Math.floor(written.length / 2)
  return [
    [{ index, ...rest, function: { name: called.name, arguments: '' } }],
    [{ index, function: { arguments: written.slice(0, middle) } }],
    [{ index, function: { arguments: written.slice(middle) } }],
  ]
}

function toolCall({ id, name, arguments: given }: Reply['calls'][number]) {
  return { id: `call_${id}`, type: 'function', function: { name, arguments: JSON.stringify(given) } } as const
}

function finishOf({ calls, isCut }: Reply): string {
  if (isCut) return 'length'
  return calls.length > 0 ? 'tool_calls' : 'stop'
}

function choiceCount(body: Json): number {
  return typeof body['n'] === 'number' ? body['n'] : 1
}

function usageOf(body: Json): Json {
  const question = questionOf(body)
  const replies = Array.from({ length: choiceCount(body) }, (_, index) => replyTo(question, index))
  const prompt_tokens = countTokens(body['messages'])
  const reasoning_tokens = replies.reduce((sum, { reasoning }) => sum + tokensOf(reasoning).length, 0)
  const completion_tokens = reasoning_tokens + replies.reduce((sum, { text }) => sum + tokensOf(text).length, 1)
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function logprob(token: string): Json {
  return { token, logprob: -0.125, bytes: [...Buffer.from(token)], top_logprobs: [] }
}

function questionOf(body: Json): Question {
  const messages = listOf(body['messages'])
  if (messages.length === 0) throw invalidRequest("Missing required parameter: 'messages'.", 'messages')
  const model = String(body['model'])
  const last = messages.findLast(({ role }) => role === 'user')?.['content']
  const format = isJson(body['response_format']) ? body['response_format'] : {}
  const described = isJson(format['json_schema']) ? format['json_schema']['schema'] : undefined
  const maxTokens = body['max_completion_tokens'] ?? body['max_tokens']
  return {
    model,
    context: [messages, body['tools'], body['seed']],
    text: plainText(last),
    images: imagesIn(last),
    tools: listOf(body['tools']).flatMap(({ function: called }) =>
      isJson(called) ? [{ name: String(called['name']), parameters: called['parameters'] }] : [],
    ),
    toolChoice: body['tool_choice'],
    isToolAnswered: messages.at(-1)?.['role'] === 'tool',
    mayCallSeveral: body['parallel_tool_calls'] !== false,
    schema: format['type'] === 'json_schema' ? described : format['type'] === 'json_object' ? true : undefined,
    maxTokens: typeof maxTokens === 'number' ? maxTokens : undefined,
    reasons: isReasoner(model),
  }
}
