import type { FastifyReply } from 'fastify'
import type { AnswerStream, LlmAnswer } from 'reprise/llm'

/** Sends an answer: at once when it is known, else each piece as it comes. */
export async function sendAnswer({ status, headers, body }: LlmAnswer, reply: FastifyReply): Promise<FastifyReply> {
  const named = headers['x-request-id'] === undefined ? headers : withUpstreamsId(headers)
  if (body instanceof Uint8Array) reply.sendRaw(status, named, body)
  else await stream(body, status, named, reply)
  return reply
}

/** The id is this server's; the upstream's own helps to find the call there. */
function withUpstreamsId({ 'x-request-id': id = '', ...others }: LlmAnswer['headers']): LlmAnswer['headers'] {
  return { ...others, 'x-upstream-request-id': id }
}

/** A stream that breaks is ended as broken, so that its reader does not take it for whole. */
async function stream(
  body: AnswerStream,
  status: number,
  headers: LlmAnswer['headers'],
  reply: FastifyReply,
): Promise<void> {
  // What is being made, or is played at its old pace, may pause for long.
  reply.raw.socket?.setTimeout(0)
  // A caller that goes makes writing fail; its going is seen elsewhere.
  reply.raw.on('error', () => {})
  const raw = reply.beginRaw(status, headers)
  raw.flushHeaders()
  try {
    await body.sendTo(raw)
    raw.end()
  } catch {
    raw.destroy()
  }
}
