import { readFileSync } from 'node:fs'
import Fastify from 'fastify'

// A process of its own: answers every read of a guest with the bytes of a file. Arguments: PORT FILE
const [port, file = ''] = process.argv.slice(2)
const bytes = readFileSync(file)

const server = Fastify({ logger: false })
server.get('/v1/guest/chat/:guest_id', (_, reply) => reply.type('application/json; charset=utf-8').send(bytes))
await server.listen({ host: '127.0.0.1', port: Number(port) })
