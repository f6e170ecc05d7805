import type { Body } from '../messages.ts'

/** What becomes of a body that is recorded while it passes. */
export interface RecordingOptions {
  /** Longer bodies pass unrecorded. */
  readonly maxBytes: number
  /** How many bytes the message says that it has. */
  readonly announced: number | undefined
  /** Called once: with all bytes, or with undefined when there is nothing to keep. Must not reject. */
  readonly onEnd: (bytes: Uint8Array | undefined) => Promise<void>
}

/** Keeps a body that is there as a whole. */
export async function recordWhole(bytes: Uint8Array, options: RecordingOptions): Promise<void> {
  await options.onEnd(fits(bytes.byteLength, options) ? bytes : undefined)
}

/** A body on its way, which is kept while it passes. */
export interface Recorded {
  /** For whoever asked first. */
  readonly body: AsyncIterableIterator<Uint8Array>
  /** The same from its beginning, for one more reader; undefined when the beginning is gone. */
  join(): AsyncIterableIterator<Uint8Array> | undefined
}

/**
 * Hands a body on as it comes, and keeps its bytes. As long as it may be kept, it is read at the origin's pace, so that a
 * reader who is slow, or leaves, keeps nobody waiting who wants the same; past the bound, at the slowest reader's. A body
 * that breaks off, or is not as long as it said, is not kept (RFC 9111 3.3).
 */
export function recorded(body: AsyncIterable<Uint8Array>, options: RecordingOptions): Recorded {
  return new Recording(body, options)
}

const nobody = () => undefined

class Recording implements Recorded {
  readonly body: AsyncIterableIterator<Uint8Array>
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #options: RecordingOptions
  readonly #readers = new Set<Reader>()
  /** All that has come while it is recorded; past that, what some reader has not taken yet. */
  readonly #chunks: Uint8Array[] = []
  /** How many were there before the first of them. */
  #dropped = 0
  #bytes = 0
  #isRecorded = true
  #end: { readonly error?: unknown } | undefined
  /** Wakes whoever waits for the other side. */
  #wake: () => void = nobody

  constructor(body: AsyncIterable<Uint8Array>, options: RecordingOptions) {
    this.#iterator = body[Symbol.asyncIterator]()
    this.#options = options
    this.body = this.#newReader()
    void this.#pump((options.announced ?? 0) <= options.maxBytes)
  }

  join(): AsyncIterableIterator<Uint8Array> | undefined {
    return this.#isRecorded ? this.#newReader() : undefined
  }

  #newReader(): Reader {
    const reader = new Reader({
      take: at => this.#take(at),
      taken: () => this.#dropTaken(),
      leave: () => {
        this.#readers.delete(reader)
        this.#dropTaken()
      },
    })
    this.#readers.add(reader)
    return reader
  }

  /** The chunk at a place, once it has come; undefined at the end. */
  async #take(at: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks[at - this.#dropped]
      if (chunk !== undefined) return chunk
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error
        return undefined
      }
      await this.#pause()
    }
  }

  async #pump(mayFit: boolean): Promise<void> {
    try {
      if (!mayFit) await this.#stopRecording()
      while (this.#isRecorded || this.#readers.size > 0) {
        const { done, value } = await this.#iterator.next()
        if (done === true) return await this.#finish()
        this.#chunks.push(value)
        this.#bytes += value.byteLength
        if (this.#isRecorded && this.#bytes > this.#options.maxBytes) await this.#stopRecording()
        this.#wake()
        while (!this.#isRecorded && this.#readers.size > 0 && this.#chunks.length > 0) await this.#pause()
      }
      await this.#iterator.return?.()
      await this.#finish()
    } catch (error) {
      await this.#stopRecording()
      this.#close({ error })
    }
  }

  async #finish(): Promise<void> {
    if (this.#isRecorded) {
      await this.#options.onEnd(fits(this.#bytes, this.#options) ? Buffer.concat(this.#chunks) : undefined)
    }
    this.#close({})
  }

  async #stopRecording(): Promise<void> {
    if (!this.#isRecorded) return
    this.#isRecorded = false
    this.#dropTaken()
    await this.#options.onEnd(undefined)
  }

  #close(end: { readonly error?: unknown }): void {
    this.#end = end
    this.#wake()
  }

  /** Lets go of what every reader has, unless it is recorded. */
  #dropTaken(): void {
    if (this.#isRecorded) return
    const slowest = Math.min(...[...this.#readers].map(reader => reader.at), this.#dropped + this.#chunks.length)
    this.#chunks.splice(0, slowest - this.#dropped)
    this.#dropped = slowest
    this.#wake()
  }

  /** Waits for the other side: a reader for a chunk, the origin's side for the readers to take one. */
  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const others = this.#wake
    // Not written into the property: V8 would put it, and all that it leads to, among what lives long.
    const wake = () => {
      this.#wake = nobody
      others()
      resolve()
    }
    this.#wake = wake
    return promise
  }
}

interface Source {
  readonly take: (at: number) => Promise<Uint8Array | undefined>
  readonly taken: () => void
  readonly leave: () => void
}

/** One reader of a body that is recorded. */
class Reader implements AsyncIterableIterator<Uint8Array> {
  /** How many chunks it has. */
  at = 0
  #isLeft = false
  readonly #source: Source

  constructor(source: Source) {
    this.#source = source
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#isLeft ? undefined : await this.#source.take(this.at)
    if (value === undefined) return { done: true, value }
    this.at += 1
    this.#source.taken()
    return { done: false, value }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isLeft = true
    this.#source.leave()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function fits(bytes: number, { maxBytes, announced }: RecordingOptions): boolean {
  return bytes <= maxBytes && (announced === undefined || announced === bytes)
}

/** Reads a body to its end, for its record alone. */
export async function drain(body: Body | undefined): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return
  for await (const _ of body) {
    // Only the record counts.
  }
}

/** Gives a body up that nobody will read. */
export async function discard(body: Body | undefined): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return
  for await (const _ of body) return
}
