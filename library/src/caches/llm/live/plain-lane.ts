import { WithoutUsage } from '../wire/chat/without-usage.ts'
import { type LogReader, PieceLog } from './piece-log.ts'

/** A chat stream without its token counts, made once for all who did not ask for them. */
export class PlainLane implements LogReader {
  readonly log: PieceLog
  at = 0
  readonly #source: PieceLog
  readonly #maxBytes: number
  readonly #filter = new WithoutUsage()

  constructor(source: PieceLog, maxBytes: number) {
    this.#source = source
    this.#maxBytes = maxBytes
    this.log = new PieceLog(maxBytes)
    source.join(this)
    this.wake()
  }

  wake(): void {
    for (let piece = this.#source.piece(this.at); piece !== undefined; piece = this.#source.piece(this.at)) {
      this.at += 1
      this.log.push(this.#filter.pass(piece))
      if (this.#filter.heldLength > this.#maxBytes) this.cutOff(new Error('An event is longer than an answer may be.'))
    }
    const { end } = this.#source
    if (end === undefined) return
    if (end.kind === 'whole') this.log.push(this.#filter.end())
    this.log.finish(end)
    this.#source.leave(this)
  }

  cutOff(error: Error): void {
    this.log.finish({ kind: 'broken', error })
    this.#source.leave(this)
  }
}
