import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConversationRef } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { Type } from 'typebox'

export const exportAnswer = {
  description: 'One message a line, as JSON: sequence, message_id, role, content, timestamp.',
  content: { 'application/jsonl': { schema: Type.String() } },
}

/** Told of an answer that broke off after its headers were sent. */
export type OnBroken = (request: FastifyRequest, error: unknown) => void

/** Answers a conversation as a file of JSON lines, sent while it is read. */
export async function sendExport(
  reply: FastifyReply,
  conversations: Pick<Conversations, 'exportLines'>,
  conversation: ConversationRef,
  onBroken: OnBroken,
): Promise<void> {
  const lines = await conversations.exportLines(conversation)
  const name = conversation.kind === 'guest' ? conversation.guestId : conversation.conversationId
  reply.type('application/jsonl; charset=utf-8')
  reply.header('content-disposition', `attachment; filename="${name}.jsonl"`)
  if (reply.request.method === 'HEAD') {
    reply.send('')
    return
  }
  const stream = Readable.from(lines)
  stream.on('error', error => onBroken(reply.request, error))
  reply.send(stream)
}
