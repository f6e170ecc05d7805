import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isJson, type Json } from './json-schema-example.ts'
import { errorOfStatus, invalidRequest, ModelError } from './model-errors.ts'
import { chatChunks, chatCompletion, type Finish } from './models/chat-completions.ts'
import { embeddings } from './models/embeddings.ts'
import { message, messageEvents } from './models/messages.ts'
import { response, responseEvents } from './models/responses.ts'

/** A request as the server got it. */
export interface ModelRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Json
  /** As it came. */
  readonly text: string
}

/** What goes wrong with one request. */
export type ModelFault =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection breaks after so many events of a stream, or in the middle of a body. */
  | { readonly kind: 'break'; readonly afterEvents: number }
  /** The answer ends for another reason than that all was said. */
  | { readonly kind: 'finish'; readonly finish: Finish }
  /** The body is no JSON, or the stream no events. */
  | { readonly kind: 'garbage' }
  /** The arguments of a tool call are cut. */
  | { readonly kind: 'cut_tool_json' }

export interface ModelServerOptions {
  /** Default 0: any that is free. Always on 127.0.0.1. */
  readonly port?: number
  /** Until the first token, and between tokens. Default 0. */
  readonly delays?: { readonly firstMs: number; readonly tokenMs: number }
  /** Awaited before each event of a stream, and before an answer in one piece: holds an answer back as long as a test likes. */
  readonly gate?: (request: ModelRequest, event: number) => Promise<void> | void
  readonly faultOf?: (request: ModelRequest) => ModelFault | undefined
}

export interface ModelServer {
  /** `http://127.0.0.1:port/v1` */
  readonly url: string
  /** All that came, in order. */
  readonly requests: readonly ModelRequest[]
  /** How many of the requests are still being answered. */
  readonly underWay: number
  /** How many requests were left by their client before their end. */
  readonly leftByClient: number
  close(): Promise<void>
}

/** Models that the server knows; others whose name does not end in `-missing` are taken as well. */
const models = ['gpt-4o-mini', 'gpt-5-reason', 'claude-demo', 'text-embedding-3-small'] as const

/**
 * A server that speaks OpenAI's and Anthropic's wire formats and makes up answers: the same for the same question, each
 * under an id of its own. For trying Reprise without a key, and for its tests.
 */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const requests: ModelRequest[] = []
  let underWay = 0
  let leftByClient = 0
  const server = createServer((incoming, outgoing) => {
    underWay += 1
    outgoing.on('close', () => {
      underWay -= 1
      if (!outgoing.writableFinished) leftByClient += 1
    })
    void answer(incoming, outgoing, options, requests)
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on TCP, it has a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    get underWay() {
      return underWay
    },
    get leftByClient() {
      return leftByClient
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: ModelServerOptions,
  requests: ModelRequest[],
): Promise<void> {
  const path = (incoming.url ?? '').replace(/\?.*/, '').replace(/^\/v1/, '')
  try {
    const text = await textOf(incoming)
    if (incoming.headers.authorization === undefined && incoming.headers['x-api-key'] === undefined) {
      throw errorOfStatus(401)
    }
    if (path === '/models') return send(outgoing, { object: 'list', data: models.map(modelEntry) })
    const request: ModelRequest = { path, headers: incoming.headers, body: parse(text), text }
    requests.push(request)
    await reply(request, requests.length, outgoing, options)
  } catch (error) {
    if (outgoing.headersSent) return void outgoing.destroy()
    refuse(outgoing, error instanceof ModelError ? error : errorOfStatus(500), path === '/messages')
  }
}

async function reply(
  request: ModelRequest,
  count: number,
  outgoing: ServerResponse,
  options: ModelServerOptions,
): Promise<void> {
  const { path, body } = request
  const fault = options.faultOf?.(request)
  if (fault?.kind === 'status') throw errorOfStatus(fault.status)
  if (String(body['model']).endsWith('-missing')) throw errorOfStatus(404)
  const finish = fault?.kind === 'finish' ? fault.finish : undefined
  const id = `${count}${Math.trunc(performance.now() * 1_000).toString(36)}`
  const created = Math.floor(Date.now() / 1_000)
  const speaker = speakers[path]
  if (speaker === undefined) throw errorOfStatus(404)
  outgoing.setHeader('x-request-id', `req_${id}`)
  outgoing.setHeader('openai-processing-ms', '12')
  const { firstMs = 0, tokenMs = 0 } = options.delays ?? {}
  await sleep(firstMs)
  if (body['stream'] === true && speaker.events !== undefined) {
    const events = speaker.events(body, id, created, finish).map(event => damaged(event, fault))
    return stream(events, tokenMs, request, outgoing, fault, options)
  }
  await options.gate?.(request, 0)
  const whole = damaged(JSON.stringify(speaker.whole(body, id, created, finish)), fault)
  if (fault?.kind === 'break') {
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) })
    outgoing.write(whole.slice(0, whole.length / 2), () => outgoing.destroy())
  } else outgoing.writeHead(200, { 'content-type': 'application/json' }).end(whole)
}

async function stream(
  events: readonly string[],
  tokenMs: number,
  request: ModelRequest,
  outgoing: ServerResponse,
  fault: ModelFault | undefined,
  { gate }: ModelServerOptions,
): Promise<void> {
  outgoing.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  outgoing.flushHeaders()
  for (const [index, event] of events.entries()) {
    await gate?.(request, index)
    if (tokenMs > 0) await sleep(tokenMs)
    if (outgoing.destroyed) return
    if (fault?.kind === 'break' && index >= fault.afterEvents) return void outgoing.destroy()
    outgoing.write(event)
  }
  outgoing.end()
}

interface Speaker {
  readonly whole: (body: Json, id: string, created: number, finish?: Finish) => Json
  /** The events of a stream as text; undefined where the route has none. */
  readonly events?: (body: Json, id: string, created: number, finish?: Finish) => readonly string[]
}

const speakers: Readonly<Record<string, Speaker | undefined>> = {
  '/chat/completions': {
    whole: (body, id, created, finish) => chatCompletion(body, `chatcmpl-${id}`, created, finish),
    events: (body, id, created, finish) =>
      chatChunks(body, `chatcmpl-${id}`, created, finish).map(data => `data: ${data}\n\n`),
  },
  '/responses': {
    whole: (body, id, created, finish) => response(body, `resp_${id}`, created, finish),
    events: (body, id, created, finish) => responseEvents(body, `resp_${id}`, created, finish).map(namedEvent),
  },
  '/messages': {
    whole: (body, id, _, finish) => message(body, `msg_${id}`, finish),
    events: (body, id, _, finish) => messageEvents(body, `msg_${id}`, finish).map(namedEvent),
  },
  '/embeddings': { whole: body => embeddings(body) },
}

function namedEvent(event: Json): string {
  return `event: ${event['type']}\ndata: ${JSON.stringify(event)}\n\n`
}

function damaged(text: string, fault: ModelFault | undefined): string {
  if (fault?.kind === 'garbage') return text.replace('{', '<')
  return fault?.kind === 'cut_tool_json' ? text.replaceAll(String.raw`\"}"`, '"') : text
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of incoming) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

function parse(text: string): Json {
  try {
    const body: unknown = JSON.parse(text)
    if (isJson(body)) return body
  } catch {
    // Refused below, as whatever else is no object.
  }
  throw invalidRequest('We could not parse the JSON body of your request.')
}

function modelEntry(id: string) {
  return { id, object: 'model', created: 1_700_000_000, owned_by: 'reprise-demo' }
}

function send(outgoing: ServerResponse, body: unknown): void {
  outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(outgoing: ServerResponse, error: ModelError, isAnthropic: boolean): void {
  const { status, retryAfterSeconds } = error
  if (retryAfterSeconds !== undefined) outgoing.setHeader('retry-after', retryAfterSeconds)
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(error.bodyFor(isAnthropic)))
}
