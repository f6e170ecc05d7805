import type { FastifyReply } from 'fastify'
import type { LlmRoute } from 'reprise'
import type { Controls, HeaderValues, LlmCall } from 'reprise/llm'
import { leavingSignal } from '../requests/leaving.ts'

/** What of a call is known when its request has been read. */
export type ReadCall = Omit<Required<LlmCall>, 'signal'>

/**
 * A call that came over HTTP. Its signal is made for those who ask for it: most answers are known, and need none. (A getter
 * written into each call's own object would make a shape of its own for each, and hold the whole request until the next
 * full collection of garbage: a third of the time of a hit.)
 */
export class ModelCall implements LlmCall {
  readonly route: LlmRoute
  readonly upstream: string
  readonly tenant: string
  readonly body: Uint8Array
  readonly headers: HeaderValues
  readonly controls: Controls
  readonly #reply: FastifyReply
  #leaving: AbortSignal | undefined

  constructor({ route, upstream, tenant, body, headers, controls }: ReadCall, reply: FastifyReply) {
    this.route = route
    this.upstream = upstream
    this.tenant = tenant
    this.body = body
    this.headers = headers
    this.controls = controls
    this.#reply = reply
  }

  /** Whoever asks for it is going to wait: an answer may be long in coming, and the upstream's own limits end it. */
  get signal(): AbortSignal {
    if (this.#leaving === undefined) {
      this.#reply.raw.socket?.setTimeout(0)
      this.#leaving = leavingSignal(this.#reply)
    }
    return this.#leaving
  }
}
