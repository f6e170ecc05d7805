import type { Clock } from '../../../base/clock.ts'
import type { LlmRoute } from '../../../ports/answer-store.ts'
import type { AnswerStream } from '../asking/llm-call.ts'
import { LogStream } from '../live/log-stream.ts'
import { PieceLog } from '../live/piece-log.ts'
import { WithoutUsage } from '../wire/chat/without-usage.ts'
import { dialects } from '../wire/dialects.ts'
import { isObject, parseExactly } from '../wire/json.ts'
import type { KeptEntry } from './kept-entry.ts'

/** The ways in which one answer can be handed over. */
type Form = 'json' | 'stream' | 'counted_stream'

/** So many bytes lie ready to be sent; past it all are let go, and made again when they are asked for. */
const mostReadyBytes = 32 * 1024 * 1024

/** Hands over kept answers: as one body or as a stream, whichever way they came. What was made once lies ready. */
export class Renderings {
  readonly #clock: Clock
  #ready = new WeakMap<KeptEntry, Map<Form, Uint8Array>>()
  #readyBytes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  json(entry: KeptEntry): Uint8Array {
    return this.#render(entry, 'json', () => entry.body)
  }

  stream(entry: KeptEntry, route: LlmRoute, wantsUsage: boolean): Uint8Array {
    const counted = wantsUsage || route !== 'chat/completions'
    return this.#render(entry, counted ? 'counted_stream' : 'stream', () => streamOf(entry, route, counted))
  }

  /** Piece by piece, as the stream came; one that came in one piece goes so. */
  paced(entry: KeptEntry, route: LlmRoute, wantsUsage: boolean): AnswerStream {
    const { recording } = entry
    const log = new PieceLog(Number.POSITIVE_INFINITY)
    const leaving = new AbortController()
    const stream = new LogStream(log, () => leaving.abort())
    if (recording === null) {
      log.push(this.stream(entry, route, wantsUsage))
      log.finish({ kind: 'whole' })
    } else {
      const filter = wantsUsage || route !== 'chat/completions' ? undefined : new WithoutUsage()
      void this.#play(Buffer.from(recording.text), recording.pieces, log, leaving.signal, filter)
    }
    return stream
  }

  async #play(
    bytes: Uint8Array,
    pieces: readonly number[],
    log: PieceLog,
    signal: AbortSignal,
    filter: WithoutUsage | undefined,
  ): Promise<void> {
    const startedAt = this.#clock.monotonicMs()
    let from = 0
    for (let index = 0; index + 1 < pieces.length; index += 2) {
      const [to = 0, atMs = 0] = [pieces[index], pieces[index + 1]]
      const waitMs = startedAt + atMs - this.#clock.monotonicMs()
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
      if (signal.aborted) return
      const piece = bytes.subarray(from, to)
      log.push(filter === undefined ? piece : filter.pass(piece))
      from = to
    }
    if (filter !== undefined) log.push(filter.end())
    log.finish({ kind: 'whole' })
  }

  #render(entry: KeptEntry, form: Form, make: () => string | Uint8Array): Uint8Array {
    const forms = this.#ready.get(entry)
    const ready = forms?.get(form)
    if (ready !== undefined) return ready
    const made = make()
    const bytes = typeof made === 'string' ? Buffer.from(made) : made
    this.#readyBytes += bytes.byteLength
    if (this.#readyBytes > mostReadyBytes) {
      this.#ready = new WeakMap()
      this.#readyBytes = bytes.byteLength
    }
    const kept = this.#ready.get(entry) ?? new Map<Form, Uint8Array>()
    this.#ready.set(entry, kept.set(form, bytes))
    return bytes
  }
}

function streamOf({ body, recording }: KeptEntry, route: LlmRoute, counted: boolean): string | Uint8Array {
  if (recording !== null) return counted ? recording.text : withoutUsage(recording.text)
  const parsed = parseExactly(body)
  return dialects[route].unfold(isObject(parsed) ? parsed : {}, counted)
}

function withoutUsage(text: string): Uint8Array {
  const filter = new WithoutUsage()
  return Buffer.concat([filter.pass(Buffer.from(text)), filter.end()])
}
