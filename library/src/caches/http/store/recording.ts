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

/**
 * Hands a body on as it comes, and keeps its bytes. As long as it may be kept, it is read at the origin's pace, so that a
 * reader who is slow, or leaves, keeps nobody waiting who wants the same; past the bound, at the reader's. A body that
 * breaks off, or is not as long as it said, is not kept (RFC 9111 3.3).
 */
export function recorded(
  body: AsyncIterable<Uint8Array>,
  options: RecordingOptions,
): AsyncIterableIterator<Uint8Array> {
  return new Recording(body, options)
}

const nobody = () => undefined

class Recording implements AsyncIterableIterator<Uint8Array> {
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #options: RecordingOptions
  /** All that has come while it is recorded; past that, what the reader has not taken yet. */
  #chunks: Uint8Array[] = []
  #taken = 0
  #bytes = 0
  #isRecorded: boolean
  #isLeft = false
  #end: { readonly error?: unknown } | undefined
  /** Wakes whoever waits for the other side. */
  #wake: () => void = nobody

  constructor(body: AsyncIterable<Uint8Array>, options: RecordingOptions) {
    this.#iterator = body[Symbol.asyncIterator]()
    this.#options = options
    this.#isRecorded = true
    void this.#pump((options.announced ?? 0) <= options.maxBytes)
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#chunks[this.#taken]
      if (chunk !== undefined) {
        this.#taken += 1
        if (!this.#isRecorded) {
          this.#dropTaken()
          this.#wake()
        }
        return { done: false, value: chunk }
      }
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error
        return { done: true, value: undefined }
      }
      await this.#pause()
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isLeft = true
    this.#wake()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #pump(mayFit: boolean): Promise<void> {
    try {
      if (!mayFit) await this.#stopRecording()
      while (this.#isRecorded || !this.#isLeft) {
        const { done, value } = await this.#iterator.next()
        if (done === true) return await this.#finish()
        this.#chunks.push(value)
        this.#bytes += value.byteLength
        if (this.#isRecorded && this.#bytes > this.#options.maxBytes) await this.#stopRecording()
        this.#wake()
        while (!this.#isRecorded && !this.#isLeft && this.#chunks.length > this.#taken) await this.#pause()
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

  #dropTaken(): void {
    this.#chunks.splice(0, this.#taken)
    this.#taken = 0
  }

  /** Waits for the other side: the reader for a chunk, the origin's side for the reader to take one. */
  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const others = this.#wake
    this.#wake = () => {
      this.#wake = nobody
      others()
      resolve()
    }
    return promise
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
