import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyReply } from 'fastify'

// A process of its own: what the gateway is measured beside. Arguments: PORT FILE
// It reads each body, and answers with the bytes of a file; a body that asks for a stream waits among the others for the
// pieces of one stream, which are written to all of them.
const [port, file = ''] = process.argv.slice(2)
const answer = readFileSync(file)
const waiting = new Set<FastifyReply['raw']>()
let isStreaming = false

const server = Fastify({ logger: false, bodyLimit: 1024 * 1024 })
server.removeAllContentTypeParsers()
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
server.get('/readyz', (_, reply) => reply.send('ready'))
server.post('/v1/chat/completions', (request, reply) => {
  // The parser answers bytes.
  if (!(request.body as Buffer).includes('"stream":true')) return reply.type('application/json').send(answer)
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
  reply.raw.flushHeaders()
  waiting.add(reply.raw)
  if (!isStreaming) void broadcast()
  return reply
})
await server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4_096 })

async function broadcast(): Promise<void> {
  const { timedPieces } = await import('../timed-pieces.ts')
  isStreaming = true
  for await (const piece of timedPieces(sleep)) for (const reader of waiting) reader.write(piece)
  for (const reader of waiting) reader.end()
  waiting.clear()
  isStreaming = false
}
