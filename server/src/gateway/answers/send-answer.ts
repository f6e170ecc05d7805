import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AnswerStream, LlmAnswer } from 'reprise/llm'

export type OnAnswered = (request: FastifyRequest, reply: FastifyReply) => void

/** Sends an answer: at once when it is known, else each piece as it comes. */
export async function sendAnswer(
  answer: LlmAnswer,
  request: FastifyRequest,
  reply: FastifyReply,
  onAnswered: OnAnswered,
): Promise<FastifyReply> {
  reply.code(answer.status)
  const { headers, body } = answer
  for (const name in headers) {
    // The id is this server's; the upstream's own helps to find the call there.
    reply.header(name === 'x-request-id' ? 'x-upstream-request-id' : name, headers[name])
  }
  if (body instanceof Uint8Array) return reply.send(body)
  onAnswered(request, reply)
  await stream(body, reply)
  return reply
}

/**
 * Past the framework: of a thousand followers of one answer, each piece would else go through two more buffers each. A
 * stream that breaks is ended as broken, so that its reader does not take it for whole.
 */
async function stream(body: AnswerStream, reply: FastifyReply): Promise<void> {
  reply.hijack()
  const { raw } = reply
  // What is being made, or is played at its old pace, may pause for long.
  raw.socket?.setTimeout(0)
  // A caller that goes makes writing fail; its going is seen elsewhere.
  raw.on('error', () => {})
  raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string | string[]>)
  raw.flushHeaders()
  try {
    await body.sendTo(raw)
    raw.end()
  } catch {
    raw.destroy()
  }
}
