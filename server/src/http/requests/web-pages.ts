import cors from '@fastify/cors'
import type { HttpServer } from '../http-server.ts'

const exposedHeaders = [
  ...['x-request-id', 'retry-after', 'age', 'x-reprise-source', 'x-reprise-stale'],
  ...['x-reprise-cache', 'x-reprise-reason', 'x-reprise-key'],
]

/** Lets web pages of these origins call the server; without any, browsers let none. */
export function allowWebPages(server: HttpServer, origins: readonly string[]): void {
  if (origins.length === 0) return
  server.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    // Any header that a page of these origins asks for: clients of providers send many of their own.
    exposedHeaders,
    strictPreflight: false,
    maxAge: 600,
  })
}
