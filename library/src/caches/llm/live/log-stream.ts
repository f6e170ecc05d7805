import type { AnswerSink, AnswerStream } from '../asking/llm-call.ts'
import type { LogReader, PieceLog } from './piece-log.ts'

/** One reader's way through a log: from the first piece on, then as they come. */
export class LogStream implements AnswerStream, LogReader {
  at = 0
  readonly #log: PieceLog
  readonly #onLeft: () => void
  #sink: AnswerSink | undefined
  #isSinkFull = false
  #failure: { readonly error: unknown } | undefined
  #isOver = false
  #woken: (() => void) | undefined

  /** @param onLeft told once, when the reader is done or leaves */
  constructor(log: PieceLog, onLeft: () => void) {
    this.#log = log
    this.#onLeft = onLeft
    log.join(this)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const piece = this.#isOver ? undefined : this.#next()
        if (piece !== undefined) yield piece
        else if (this.#isOver) return
        else if (this.#isAtEnd()) return
        else await this.#news()
      }
    } finally {
      this.leave()
    }
  }

  async sendTo(sink: AnswerSink): Promise<void> {
    const onDrain = () => {
      this.#isSinkFull = false
      this.wake()
    }
    const onGone = () => this.leave()
    sink.on('drain', onDrain)
    sink.on('close', onGone)
    sink.on('error', onGone)
    this.#sink = sink
    try {
      this.wake()
      while (!this.#isOver && !this.#isAtEnd()) await this.#news()
    } finally {
      this.leave()
      sink.off('drain', onDrain)
      sink.off('close', onGone)
      sink.off('error', onGone)
    }
  }

  /** Writes at once what there is: no promise stands between the upstream's piece and the sink. */
  wake(): void {
    if (this.#sink !== undefined) {
      this.#write(this.#sink)
      if (!this.#isSinkFull && (this.#log.end !== undefined || this.#failure !== undefined)) this.#woken?.()
    } else this.#woken?.()
  }

  cutOff(error: Error): void {
    this.#failure = { error }
    this.#woken?.()
  }

  /** The reader is gone; said more than once, it counts once. */
  leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#log.leave(this)
    this.#woken?.()
    this.#onLeft()
  }

  #write(sink: AnswerSink): void {
    while (!this.#isOver && !this.#isSinkFull) {
      const piece = this.#next()
      if (piece === undefined) return
      this.#isSinkFull = !sink.write(piece)
    }
  }

  #next(): Uint8Array | undefined {
    if (this.#failure !== undefined) return undefined
    const piece = this.#log.piece(this.at)
    if (piece === undefined) return undefined
    this.at += 1
    this.#log.moved()
    return piece
  }

  /** @throws what broke the log */
  #isAtEnd(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error
    const { end } = this.#log
    if (end === undefined || this.#log.piece(this.at) !== undefined) return false
    if (end.kind === 'broken') throw end.error
    return true
  }

  async #news(): Promise<void> {
    await new Promise<void>(resolve => {
      this.#woken = resolve
    })
    this.#woken = undefined
  }
}
