import { WithoutUsage } from '../wire/chat/without-usage.ts'
import { type LogReader, PieceLog } from './piece-log.ts'

/** A chat stream without its token counts, made once for all who did not ask for them. */
export class PlainLane implements LogReader {
  readonly log: PieceLog
  at = 0
  readonly #source: PieceLog
  readonly #filter = new WithoutUsage()

  constructor(source: PieceLog, maxBytes: number) {
    this.#source = source
    this.log = new PieceLog(maxBytes)
    source.join(this)
    this.wake()
  }

  wake(): void {
    for (let piece = this.#source.piece(this.at); piece !== undefined; piece = this.#source.piece(this.at)) {
      this.at += 1
      this.log.push(this.#filter.pass(piece))
    }
    const { end } = this.#source
    if (end === undefined) return
    if (end.kind === 'whole') this.log.push(this.#filter.end())
    this.log.finish(end)
    this.#source.leave(this)
  }

  /** Reads at once whatever comes, and so is never behind. */
  cutOff(error: Error): void {
    this.log.finish({ kind: 'broken', error })
  }

  room(): Promise<void> {
    return this.log.room()
  }
}
