import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { jsonOf } from './exchange.ts'
import { openStores, type RunningServer, type Stores, startServer } from './running-server.ts'

let stores: Stores
let server: RunningServer
beforeAll(async () => {
  stores = await openStores()
  server = await startServer(stores)
})
afterAll(async () => {
  await server?.close()
  await stores?.[Symbol.asyncDispose]()
})

interface Operation {
  readonly summary?: string
  readonly operationId?: string
  readonly parameters: readonly { readonly in: string; readonly name: string }[]
  readonly requestBody: { readonly content: Record<string, { readonly schema: object; readonly example?: object }> }
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, unknown> }>
  readonly security?: readonly object[]
}

interface OpenApi {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, { readonly required: readonly string[] }> }
}

const read = (from: RunningServer) => jsonOf<OpenApi>(fetch(`${from.url}/openapi.json`))

/** Each operation has a name of its own, a summary, and answers that are explained. */
function expectDocumented(document: OpenApi): void {
  const operations = Object.values(document.paths).flatMap(path => Object.values(path))
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  for (const { summary, operationId, responses } of operations) {
    expect(summary).toBeTruthy()
    expect(operationId).toMatch(/^[a-zA-Z]+$/)
    for (const { description } of Object.values(responses)) expect(description).not.toMatch(/default response/i)
    const statuses = Object.keys(responses)
    expect(statuses.some(status => status.startsWith('2'))).toBe(true)
  }
}

describe('OpenAPI', () => {
  it('documents the whole server: gateway and administration too', async () => {
    await using whole = await startReprise()
    const document = await jsonOf<OpenApi>(fetch(`${whole.url}/openapi.json`))
    expectDocumented(document)
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        ...['/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1/embeddings', '/v1/usage'],
        ...['/v1/cache/invalidate', '/v1/cache/feedback'],
        ...['/api/cache/stats', '/api/cache/clear', '/api/cache/cleanup', '/api/cache/live', '/api/chat/overview'],
      ]),
    )
  })

  it('documents every route, each with a summary, its answer and its problems', async () => {
    const document = await read(server)
    expect(document.openapi).toBe('3.1.0')
    // Whatever is asked may meet these.
    const guest = document.paths['/v1/guest']?.['post']
    expect(Object.keys(guest?.responses ?? {})).toEqual(
      expect.arrayContaining(['400', '403', '408', '429', '431', '500', '503']),
    )
    expect(Object.keys(document.paths).sort()).toEqual([
      '/api/cache/health',
      '/healthz',
      '/metrics',
      '/readyz',
      '/v1/guest',
      '/v1/guest/chat/{guest_id}',
      '/v1/guest/chat/{guest_id}/export',
      '/v1/guest/chat/{guest_id}/search',
      '/v1/guest/migrate/{guest_id}',
      '/v1/users/me/conversations',
      '/v1/users/me/conversations/{conversation_id}',
      '/v1/users/me/conversations/{conversation_id}/export',
      '/v1/users/me/conversations/{conversation_id}/messages',
      '/v1/users/me/search',
    ])
    expectDocumented(document)
    const answers = document.paths['/v1/guest/chat/{guest_id}']?.['post']?.responses
    expect(Object.keys(answers ?? {})).toEqual(
      expect.arrayContaining(['200', '400', '410', '413', '415', '422', '429', '503']),
    )
    expect(answers?.['410']?.content).toEqual({
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: { guest_migrated: { value: expect.objectContaining({ status: 410, code: 'guest_migrated' }) } },
      },
    })
    expect(document.components.schemas['Problem']?.required).toContain('code')
  })

  it('the body, its example and the parameters stand in the document', async () => {
    const { paths } = await read(server)
    const { post, get } = paths['/v1/guest/chat/{guest_id}'] ?? {}
    expect(post?.requestBody.content['application/json']).toMatchObject({
      schema: {
        required: ['role', 'content'],
        properties: { role: { enum: ['user', 'assistant', 'system', 'tool'] }, content: { type: 'string' } },
      },
      example: { role: 'user' },
    })
    const named = (operation: Operation | undefined) =>
      operation?.parameters.map(parameter => `${parameter.in} ${parameter.name}`).sort()
    expect(named(post)).toEqual(['header idempotency-key', 'path guest_id'])
    expect(named(get)).toEqual(['path guest_id', 'query after_seq', 'query limit'])
  })

  it('security is documented as it is configured', async () => {
    const environment = { GUEST_AUTH: 'secret', JWT_SECRET: 'x'.repeat(32), ADMIN_API_KEY: 'key' }
    await using strict = await startServer(stores, { environment })
    const { paths } = await read(strict)
    expect(paths['/v1/guest/chat/{guest_id}']?.['post']?.security).toEqual([{ guestSecret: [] }])
    expect(paths['/v1/users/me/conversations']?.['get']?.security).toEqual([{ userToken: [] }])
    expect(paths['/v1/guest/migrate/{guest_id}']?.['post']?.security).toEqual([{ guestSecret: [], userToken: [] }])
    expect(paths['/metrics']?.['get']?.security).toEqual([{ adminKey: [] }])
    expect((await read(server)).paths['/metrics']?.['get']?.security).toEqual([])
  })

  it('every reference leads somewhere', async () => {
    const document = await read(server)
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(match => match[1] ?? '')
    expect(references.length).toBeGreaterThan(10)
    for (const reference of references) {
      const found = reference
        .split('/')
        .reduce<unknown>((at, step) => new Map(Object.entries(at ?? {})).get(step), document)
      expect(found, reference).toBeDefined()
    }
  })
})

describe('the page of the documentation', () => {
  it('loads all it needs from this server, under a strict policy', async () => {
    const page = await fetch(`${server.url}/docs`)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    const html = await page.text()
    expect(html).not.toMatch(/<script>|<style|https?:\/\//)
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(match => match[1] ?? '')
    expect(assets.length).toBeGreaterThan(3)
    for (const asset of assets)
      expect([asset, (await fetch(new URL(asset, `${server.url}/docs`))).status]).toEqual([asset, 200])
    const started = await (await fetch(`${server.url}/docs/static/swagger-initializer.js`)).text()
    expect(started).toContain('"validatorUrl":null')
    expect(await jsonOf(fetch(`${server.url}/docs/json`))).toMatchObject({ openapi: '3.1.0' })
  })

  it('answers of the API are no pages', async () => {
    const { headers } = await fetch(`${server.url}/healthz`)
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
  })
})
