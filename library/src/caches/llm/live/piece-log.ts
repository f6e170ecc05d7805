import { RepriseError } from '../../../base/reprise-error.ts'

/** How far the quickest reader may be behind once the log is too long to be kept; then the upstream waits. */
const windowBytes = 1_048_576

/** Told when there is something new. */
export interface LogReader {
  /** Where it reads next. */
  readonly at: number
  wake(): void
  /** It fell too far behind: what it would read next is gone. */
  cutOff(error: Error): void
}

export type LogEnd = { readonly kind: 'whole' } | { readonly kind: 'broken'; readonly error: unknown }

/**
 * The pieces of a stream, for any number of readers who come at any time: each reads from the first piece on, at its own
 * pace, and they share the bytes. A log that grows past its bound keeps only what its readers still need: its quickest
 * reader sets the pace of the upstream, and whoever is further behind than the bound is cut off.
 */
export class PieceLog {
  readonly #maxBytes: number
  readonly #readers = new Set<LogReader>()
  readonly #pieces: Uint8Array[] = []
  /** Of each piece, by the same place: the bytes up to its end. */
  readonly #ends: number[] = []
  /** How many pieces were let go. */
  #gone = 0
  #bytes = 0
  #end: LogEnd | undefined
  /** Until its first reader comes, nothing is let go. */
  #isRead = false
  #roomMade: (() => void) | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Undefined while more may come. */
  get end(): LogEnd | undefined {
    return this.#end
  }

  /** Whether all of it is still there, for those who come now and for keeping. */
  get isWhole(): boolean {
    return this.#bytes <= this.#maxBytes
  }

  /** All that came. */
  get pieces(): readonly Uint8Array[] {
    return this.#pieces
  }

  /** The piece at a place; undefined when it has not come yet. */
  piece(at: number): Uint8Array | undefined {
    return this.#pieces[at - this.#gone]
  }

  push(piece: Uint8Array): void {
    if (piece.byteLength === 0 || this.#end !== undefined) return
    this.#bytes += piece.byteLength
    this.#pieces.push(piece)
    this.#ends.push(this.#bytes)
    for (const reader of this.#readers) reader.wake()
    if (!this.isWhole) this.#letGo()
  }

  /** Resolves when the next piece may be fetched: at once, as long as the log is kept whole; and when the signal is aborted. */
  async room(signal: AbortSignal): Promise<void> {
    const wake = () => this.#makeRoom()
    signal.addEventListener('abort', wake)
    while (!signal.aborted && !this.isWhole && this.#isCrowded()) {
      await new Promise<void>(resolve => {
        this.#roomMade = resolve
      })
    }
    signal.removeEventListener('abort', wake)
  }

  finish(end: LogEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    for (const reader of this.#readers) reader.wake()
  }

  join(reader: LogReader): void {
    this.#readers.add(reader)
    this.#isRead = true
    if (this.#gone > reader.at) this.#cutOff(reader)
  }

  leave(reader: LogReader): void {
    this.#readers.delete(reader)
    this.moved()
  }

  /** A reader has read on. */
  moved(): void {
    if (this.isWhole) return
    this.#letGo()
    this.#makeRoom()
  }

  #makeRoom(): void {
    this.#roomMade?.()
    this.#roomMade = undefined
  }

  /** Whether even the quickest reader is far behind. */
  #isCrowded(): boolean {
    if (this.#readers.size === 0) return !this.#isRead
    let quickest = 0
    for (const { at } of this.#readers) quickest = Math.max(quickest, at)
    return this.#bytes - this.#bytesBefore(quickest) > windowBytes
  }

  #bytesBefore(at: number): number {
    if (at === this.#gone) return (this.#ends[0] ?? this.#bytes) - (this.#pieces[0]?.byteLength ?? 0)
    return this.#ends[at - this.#gone - 1] ?? 0
  }

  #cutOff(reader: LogReader): void {
    this.#readers.delete(reader)
    reader.cutOff(new RepriseError('overloaded', 'The answer was read too slowly to be held for its reader.'))
  }

  #letGo(): void {
    if (!this.#isRead) return
    let slowest = this.#gone + this.#pieces.length
    for (const reader of this.#readers) {
      if (this.#bytes - this.#bytesBefore(reader.at) > this.#maxBytes + windowBytes) {
        this.#cutOff(reader)
      } else slowest = Math.min(slowest, reader.at)
    }
    const passed = slowest - this.#gone
    if (passed <= 0) return
    this.#pieces.splice(0, passed)
    this.#ends.splice(0, passed)
    this.#gone = slowest
  }
}
