import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { AnswerSink } from '../../caches/http/exchange/write-answer.ts'
import type { OriginResponse } from '../../caches/http/messages.ts'

/** Of what outer middleware has set, the cache heeds these; the rest is set anew for each answer and not kept. */
const heeded =
  /^(?:cache-control|.*-cache-control|expires|pragma|vary|set-cookie|age|date|etag|last-modified|surrogate-key|cache-tag|content-.*)$/

/** What a response gets in the place of its own methods while it is captured. */
const replaced = ['writeHead', 'write', 'end', 'flushHeaders', 'destroy', 'headersSent', 'writableEnded'] as const

export interface CapturedResponse {
  /** What the application answers. Rejects when it destroys the response instead. */
  readonly answer: Promise<OriginResponse>
  /**
   * Where the cache writes its answer, with the headers of outer middleware as they were. An application that is still
   * writing goes on writing into the cache's hands.
   */
  release(): AnswerSink
}

/** Lets an application answer into the cache's hands: whatever it writes to the response comes out here. */
export function captureResponse(response: ServerResponse): CapturedResponse {
  const outer = response.getHeaders()
  const outerEntries = Object.entries(outer)
  const { promise, resolve, reject } = Promise.withResolvers<OriginResponse>()
  const statusBefore = response.statusCode
  const before = Object.getOwnPropertyDescriptors(response) as PropertyDescriptorMap
  const sink = ownSink(response)
  let isSent = false
  let isEnded = false
  let stream: Readable | undefined
  let passed = 0

  /** What lies beyond the announced length is not of this message; on a connection it would begin the next one. */
  const within = (bytes: Uint8Array): Uint8Array => {
    const announced = Number(response.getHeader('content-length') ?? Number.POSITIVE_INFINITY)
    const kept = passed + bytes.byteLength <= announced ? bytes : bytes.subarray(0, Math.max(0, announced - passed))
    passed += kept.byteLength
    return kept
  }
  const open = (body: OriginResponse['body']): void => {
    isSent = true
    const headers = collectHeaders(response, outer)
    const { statusCode: status, statusMessage: reason = '' } = response
    const hasBody = response.req?.method !== 'HEAD' && status !== 204 && status !== 304
    resolve({ status, reason, headers, body: hasBody ? body : undefined })
  }
  const openStream = (): Readable => {
    if (stream !== undefined) return stream
    stream = new Readable({ read: () => void response.emit('drain'), destroy: (error, done) => done(error) })
    open(stream)
    return stream
  }
  const own: Record<(typeof replaced)[number], PropertyDescriptor> = {
    writeHead: method((status: number, ...rest: unknown[]) => {
      takeHead(response, status, rest)
      return response
    }),
    flushHeaders: method(() => void openStream()),
    write: method((chunk: unknown, encoding?: unknown, callback?: unknown) => {
      const isFlowing = openStream().push(within(bytesOf(chunk, encoding)))
      later(encoding, callback)
      return isFlowing
    }),
    end: method((chunk?: unknown, encoding?: unknown, callback?: unknown) => {
      if (isEnded) return response
      isEnded = true
      const bytes =
        chunk === undefined || chunk === null || typeof chunk === 'function'
          ? undefined
          : within(bytesOf(chunk, encoding))
      if (stream === undefined) open(bytes ?? new Uint8Array(0))
      else {
        if (bytes !== undefined) stream.push(bytes)
        stream.push(null)
      }
      later(chunk, encoding, callback)
      return response
    }),
    destroy: method((error?: Error) => {
      const cause = error ?? new Error('The application broke its response off.')
      if (stream === undefined) reject(cause)
      else if (!isEnded) stream.destroy(cause)
      return response
    }),
    headersSent: { configurable: true, get: () => isSent },
    writableEnded: { configurable: true, get: () => isEnded },
  }
  Object.defineProperties(response, own)
  return {
    answer: promise,
    release: () => {
      if (isEnded) giveBack(response, before)
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      for (const [name, value] of outerEntries) if (value !== undefined) response.setHeader(name, value)
      response.statusCode = statusBefore
      return isEnded ? response : sink
    },
  }
}

/** The response's own methods, as they were before it was captured: outer middleware may have put its own there. */
function ownSink(response: ServerResponse): AnswerSink {
  const { writeHead, write, end, destroy } = response
  return {
    get destroyed() {
      return response.destroyed
    },
    getHeaderNames: () => response.getHeaderNames(),
    setHeader: (name, value) => response.setHeader(name, value),
    appendHeader: (name, value) => response.appendHeader(name, value),
    writeHead: (status, reason, headers) => Reflect.apply(writeHead, response, [status, reason, headers]),
    write: chunk => write.call(response, chunk, 'utf8'),
    end: chunk => end.call(response, chunk, 'utf8'),
    destroy: () => destroy.call(response),
    addTrailers: trailers => response.addTrailers(trailers),
    once: (event, listener) => response.once(event, listener),
    off: (event, listener) => response.off(event, listener),
  }
}

function giveBack(response: ServerResponse, before: PropertyDescriptorMap): void {
  for (const name of replaced) {
    Reflect.deleteProperty(response, name)
    if (before[name] !== undefined) Object.defineProperty(response, name, before[name])
  }
}

function method(value: (...given: never[]) => unknown): PropertyDescriptor {
  return { configurable: true, writable: true, value }
}

/** `writeHead(status, [reason], [headers])`, headers as an object, as pairs, or name and value in turn. */
function takeHead(response: ServerResponse, status: number, rest: readonly unknown[]): void {
  response.statusCode = status
  const [first, second] = rest
  if (typeof first === 'string') response.statusMessage = first
  const headers = typeof first === 'string' ? second : first
  if (typeof headers !== 'object' || headers === null) return
  for (const [name, value] of headerPairs(headers)) response.setHeader(name, value)
}

function headerPairs(headers: object): [string, string | readonly string[]][] {
  // Node.js checks names and values when they are set.
  if (!Array.isArray(headers)) return Object.entries(headers).filter(([, value]) => value !== undefined)
  if (headers.every(Array.isArray)) return headers as unknown as [string, string][]
  const merged = new Map<string, string[]>()
  for (let at = 0; at < headers.length; at += 2) {
    const name = String(headers[at])
    merged.set(name, [...(merged.get(name) ?? []), headers[at + 1]].flat())
  }
  return [...merged]
}

function collectHeaders(response: ServerResponse, outer: Readonly<Record<string, unknown>>): string[] {
  const lines: string[] = []
  for (const name of response.getHeaderNames()) {
    const value = response.getHeader(name)
    if (value === undefined || (value === outer[name] && !heeded.test(name))) continue
    for (const line of Array.isArray(value) ? value : [value]) lines.push(name, String(line))
  }
  return lines
}

function bytesOf(chunk: unknown, encoding: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  return Buffer.from(String(chunk), typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}

/** Calls the callback among the arguments, when what was written is out of the application's hands. */
function later(...given: unknown[]): void {
  const callback = given.find(each => typeof each === 'function')
  // Callbacks of streams take nothing that matters here.
  if (callback !== undefined) process.nextTick(callback as () => void)
}
