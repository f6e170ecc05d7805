// A framework that answers 1 KB, bare or behind the cache, as a process of its own:
//   node application-process.ts fastify|express|node bare|cached PORT
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import express from 'express'
import Fastify from 'fastify'
import { expressCache } from 'reprise/express'
import { fastifyCache } from 'reprise/fastify'

const [framework, kind, port] = process.argv.slice(2)
const body = Buffer.alloc(1024, 'x')
const lifetime = 'max-age=3600'

function answer(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length, 'Cache-Control': lifetime })
  response.end(body)
}

async function listen(): Promise<void> {
  if (framework === 'fastify') {
    const app = Fastify()
    if (kind === 'cached') await app.register(fastifyCache())
    app.get('/item/:id', (_request, reply) => {
      reply.header('content-type', 'text/plain').header('cache-control', lifetime).send(body)
    })
    await app.listen({ host: '127.0.0.1', port: Number(port) })
  } else if (framework === 'express') {
    const app = express()
    if (kind === 'cached') app.use(expressCache())
    app.get('/item/:id', answer)
    createServer(app).listen(Number(port), '127.0.0.1')
  } else createServer(answer).listen(Number(port), '127.0.0.1')
}

await listen()
