import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { HttpServer } from './http-server.ts'
import { ProblemSchema } from './problem-schema.ts'

const description = `Chats of guests and users that are never lost.

Every refusal and failure is \`application/problem+json\` with a stable \`code\`; every answer carries \`x-request-id\`.
Messages keep the order of their commits; with \`idempotency-key\` an append can be sent again safely.`

const contentSecurityPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

/** Documents every later route from its own schemas: `/openapi.json` for programs, `/docs` for people. */
export function documentRoutes(server: HttpServer, version: string): void {
  server.addSchema(ProblemSchema)
  server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Reprise', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      tags: [
        { name: 'guest chat', description: 'A guest has one conversation.' },
        { name: 'user conversations', description: 'A user has many, among them those from before signing in.' },
        { name: 'gateway', description: 'Calls of language models, answered from what is known.' },
        { name: 'health', description: 'For probes, Prometheus and operators.' },
      ],
      components: {
        securitySchemes: {
          guestSecret: {
            type: 'apiKey',
            in: 'header',
            name: 'x-guest-secret',
            description: 'Where GUEST_AUTH=secret.',
          },
          userToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Its sub is the user.' },
          adminKey: { type: 'http', scheme: 'bearer', description: 'The value of ADMIN_API_KEY.' },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json['$id'] ?? `def-${index}`) },
  })
  server.register(async pages => {
    await pages.register(helmet, {
      // TLS, where there is any, ends before this server.
      strictTransportSecurity: false,
      contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy },
    })
    // Nothing comes from another host: no validator, no fonts.
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      theme: { title: 'Reprise' },
      uiConfig: { validatorUrl: null, docExpansion: 'list', layout: 'BaseLayout' },
    })
  })
  server.after(() => {
    let document: string | undefined
    server.get('/openapi.json', { schema: { hide: true } }, async (_, reply) => {
      document ??= JSON.stringify(server.swagger())
      return reply.type('application/json; charset=utf-8').send(document)
    })
  })
}
