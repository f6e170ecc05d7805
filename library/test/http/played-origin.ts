import type { Forward, ForwardRequest, HttpAnswer, HttpCache, HttpRequest } from 'reprise/http'

/** What the played origin answers: 200 with the headers and a body that counts the answers, unless it says otherwise. */
export interface Part {
  readonly status?: number
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
  /** Breaks off before the answer. */
  readonly isAway?: boolean
}

export interface Heard {
  readonly method: string
  readonly fields: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly ask: ForwardRequest
}

export interface Said {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** Whether it came from what was kept, by its `Cache-Status`. */
  readonly isHit: boolean
}

/** An origin that plays its parts in turn, the last one for ever, behind a cache without any connection between. */
export class PlayedOrigin {
  readonly heard: Heard[] = []
  readonly #cache: HttpCache
  readonly #parts: readonly Part[]
  #answers = 0

  constructor(cache: HttpCache, ...parts: readonly Part[]) {
    this.#cache = cache
    this.#parts = parts
  }

  /** Asks the cache for the path `/a`, or another one. */
  async ask(fields: Readonly<Record<string, string>> = {}, more: Partial<HttpRequest> = {}): Promise<Said> {
    const request: HttpRequest = { method: 'GET', url: 'http://origin.test/a', fields, ...more }
    return said(await this.#cache.handle(request, this.#forward(request)))
  }

  #forward(request: HttpRequest): Forward {
    return async ask => {
      const fields = { ...request.fields, ...ask.changes }
      this.heard.push({ method: ask.isBackground ? 'GET' : request.method, fields, ask })
      const part = this.#parts[Math.min(this.#answers, this.#parts.length - 1)] ?? {}
      this.#answers += 1
      if (part.isAway === true) throw new Error('The origin is away.')
      const { status = 200, headers = [], body = `answer ${this.#answers}` } = part
      const isEmpty = status === 204 || status === 304 || request.method === 'HEAD'
      return { status, reason: '', headers: headers.flat(), body: isEmpty ? undefined : inPieces(body) }
    }
  }
}

/** The header lines of one field. */
export function control(value: string): readonly [string, string] {
  return ['Cache-Control', value]
}

async function* inPieces(text: string): AsyncGenerator<Uint8Array, undefined> {
  const middle = Math.ceil(text.length / 2)
  yield Buffer.from(text.slice(0, middle))
  if (text.length > middle) yield Buffer.from(text.slice(middle))
}

async function said({ status, headers, body }: HttpAnswer): Promise<Said> {
  const lines = new Headers()
  for (let at = 0; at < headers.length; at += 2) lines.append(headers[at] ?? '', headers[at + 1] ?? '')
  const chunks: Uint8Array[] = []
  if (body instanceof Uint8Array) chunks.push(body)
  else if (body !== undefined) for await (const chunk of body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  return { status, text, headers: lines, isHit: /; hit/.test(lines.get('cache-status') ?? '') }
}
