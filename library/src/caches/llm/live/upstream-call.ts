import type { Clock } from '../../../base/clock.ts'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'
import type { LlmRoute } from '../../../ports/answer-store.ts'
import { passedOn } from '../asking/answer-headers.ts'
import type { Forward, UpstreamAnswer } from '../asking/llm-call.ts'
import { type Examined, examine, refused } from './examine.ts'
import { LogStream } from './log-stream.ts'
import { PieceLog } from './piece-log.ts'
import { PlainLane } from './plain-lane.ts'

export interface UpstreamCallOptions {
  readonly route: LlmRoute
  readonly body: Uint8Array
  /** The body that asks for token counts where the caller did not; an upstream that refuses it gets `body`. */
  readonly askingBody: Uint8Array | undefined
  /** Told that the upstream refuses to be asked for token counts. */
  readonly onUsageRefused: () => void
  /** Whether the stream carries token counts that not all of its readers asked for. */
  readonly carriesUsage: boolean
  readonly maxBytes: number
  readonly clock: Clock
}

/** What callers can be given: a stream while it comes, anything else when it is there. */
export interface LiveOpening {
  readonly kind: 'live'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly isStream: boolean
  /** Of an answer in one piece: all of it, and what it turned out to be. */
  readonly whole: { readonly bytes: Uint8Array; readonly examined: Examined } | undefined
}

export interface UpstreamResult {
  readonly status: number
  readonly examined: Examined
  readonly generationMs: number
}

/** How a server refuses a body that it does not understand. */
const refusals: ReadonlySet<number> = new Set([400, 422])

/** One call to an upstream: its answer is recorded while it is passed on to any number of readers. */
export class UpstreamCall {
  readonly #options: UpstreamCallOptions
  readonly #log: PieceLog
  readonly #times: number[] = []
  readonly #done = Promise.withResolvers<UpstreamResult>()
  #plain: PlainLane | undefined
  /** Of an answer that comes as a stream. */
  #streamStatus: number | undefined

  constructor(options: UpstreamCallOptions) {
    this.#options = options
    this.#log = new PieceLog(options.maxBytes)
    this.#done.promise.catch(() => undefined)
  }

  /**
   * Whether all was said, so that nothing is saved by calling it off: clients leave at the last event, before the
   * connection ends.
   */
  hasSaidAll(): boolean {
    if (this.#log.end !== undefined) return this.#log.end.kind === 'whole'
    return this.#streamStatus !== undefined && this.#examine(this.#streamStatus, true).body !== undefined
  }

  /** How it went; rejects with `upstream_broken`. */
  get done(): Promise<UpstreamResult> {
    return this.#done.promise
  }

  /** Whether a caller who comes now can still be given all of it. */
  get canBeJoined(): boolean {
    return this.#log.isWhole
  }

  /**
   * Asks, and reads to the end.
   * @param onOpen told as soon as callers can be answered
   * @throws what `forward` or the upstream's body throws
   */
  async run(forward: Forward, signal: AbortSignal, onOpen: (opening: LiveOpening) => void): Promise<UpstreamResult> {
    const { clock } = this.#options
    const startedAt = clock.monotonicMs()
    const answer = await this.#ask(forward, signal)
    const head = {
      kind: 'live',
      status: answer.status,
      headers: passedOn(answer.headers),
      isStream: isEvents(answer),
    } as const
    if (head.isStream) {
      this.#streamStatus = head.status
      onOpen({ ...head, whole: undefined })
    }
    let isOpen = head.isStream
    for await (const piece of answer.body) {
      signal.throwIfAborted()
      this.#log.push(piece)
      if (this.#log.isWhole) this.#times.push(this.#log.bytes, Math.round(clock.monotonicMs() - startedAt))
      else {
        if (!isOpen) onOpen({ ...head, whole: undefined })
        isOpen = true
        await this.#log.room(signal)
        await this.#plain?.log.room(signal)
        signal.throwIfAborted()
      }
    }
    const generationMs = clock.monotonicMs() - startedAt
    this.#log.finish({ kind: 'whole' })
    const result = { status: answer.status, examined: this.#examine(head.status, head.isStream), generationMs }
    if (!isOpen) onOpen({ ...head, whole: { bytes: Buffer.concat(this.#log.pieces), examined: result.examined } })
    this.#done.resolve(result)
    return result
  }

  /** The upstream failed, or the call was called off: readers get the error at the end of what they have. */
  fail(error: unknown): void {
    const message = `The answer of the upstream broke off before its end: ${messageOf(error)}`
    const broken = new RepriseError('upstream_broken', message, { cause: error })
    this.#log.finish({ kind: 'broken', error: broken })
    this.#done.reject(broken)
  }

  /** The answer for one reader. */
  read(wantsUsage: boolean, onLeft: () => void): LogStream {
    if (!this.#options.carriesUsage || wantsUsage) return new LogStream(this.#log, onLeft)
    this.#plain ??= new PlainLane(this.#log, this.#options.maxBytes)
    return new LogStream(this.#plain.log, onLeft)
  }

  async #ask(forward: Forward, signal: AbortSignal): Promise<UpstreamAnswer> {
    const { body, askingBody, onUsageRefused } = this.#options
    if (askingBody === undefined) return forward(signal, body)
    const answer = await forward(signal, askingBody)
    if (!refusals.has(answer.status)) return answer
    // Perhaps what was added is what is refused.
    // Begun and left, an iterator lets go of the connection; one that never began would not.
    for await (const _piece of answer.body) break
    const again = await forward(signal, body)
    if (!refusals.has(again.status)) onUsageRefused()
    return again
  }

  #examine(status: number, isStream: boolean): Examined {
    if (!this.#log.isWhole) return refused('too_large')
    const bytes = Buffer.concat(this.#log.pieces)
    return examine({ route: this.#options.route, status, bytes, isStream, pieces: this.#times })
  }
}

function isEvents({ headers }: UpstreamAnswer): boolean {
  return headers['content-type']?.toLowerCase().startsWith('text/event-stream') ?? false
}
