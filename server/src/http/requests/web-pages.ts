import cors from '@fastify/cors'
import type { HttpServer } from '../http-server.ts'

/** Lets web pages of these origins call the server; without any, browsers let none. */
export function allowWebPages(server: HttpServer, origins: readonly string[]): void {
  if (origins.length === 0) return
  server.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowedHeaders: ['content-type', 'authorization', 'idempotency-key', 'x-guest-secret', 'x-request-id'],
    exposedHeaders: ['x-request-id', 'x-reprise-source', 'x-reprise-stale', 'retry-after'],
    strictPreflight: false,
    maxAge: 600,
  })
}
