import type { Body } from '../messages.ts'

/** What becomes of a body that is recorded while it passes. */
export interface RecordingOptions {
  /** Longer bodies pass unrecorded. */
  readonly maxBytes: number
  /** How many bytes the message says that it has. */
  readonly announced: number | undefined
  /** Called once: with all bytes, or with undefined when there is nothing to keep. */
  readonly onEnd: (bytes: Uint8Array | undefined) => Promise<void>
}

/** Keeps a body that is there as a whole. */
export async function recordWhole(bytes: Uint8Array, options: RecordingOptions): Promise<void> {
  await options.onEnd(fits(bytes.byteLength, options) ? bytes : undefined)
}

/**
 * Hands a body on as it comes, and keeps its bytes. When the reader leaves early, even before the first chunk, the rest is
 * read for the record alone, as long as there is one. A body that breaks off, or is not as long as it said, is not kept
 * (RFC 9111 3.3).
 */
export function recorded(
  body: AsyncIterable<Uint8Array>,
  options: RecordingOptions,
): AsyncIterableIterator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  const record = new Record(options)
  const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
    try {
      const result = await iterator.next()
      if (result.done !== true) {
        record.add(result.value)
        return result
      }
    } catch (error) {
      await record.fail()
      throw error
    }
    await record.end()
    return { done: true, value: undefined }
  }
  const passing: AsyncIterableIterator<Uint8Array> = {
    next,
    return: () => {
      void finishAlone(iterator, record)
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]: () => passing,
  }
  return passing
}

async function finishAlone(iterator: AsyncIterator<Uint8Array>, record: Record): Promise<void> {
  try {
    while (record.isOpen) {
      const { done, value } = await iterator.next()
      if (done === true) return await record.end()
      record.add(value)
    }
    await record.fail()
    await iterator.return?.()
  } catch {
    // The origin broke off; nobody is left to tell, and nothing is kept.
    await record.fail()
  }
}

class Record {
  readonly #options: RecordingOptions
  #chunks: Uint8Array[] = []
  #bytes = 0
  #isTold = false
  isOpen: boolean

  constructor(options: RecordingOptions) {
    this.#options = options
    this.isOpen = (options.announced ?? 0) <= options.maxBytes
  }

  add(chunk: Uint8Array): void {
    if (!this.isOpen) return
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#options.maxBytes) {
      this.isOpen = false
      this.#chunks = []
    } else this.#chunks.push(chunk)
  }

  async end(): Promise<void> {
    const isWhole = this.isOpen && fits(this.#bytes, this.#options)
    await this.#tell(isWhole ? Buffer.concat(this.#chunks) : undefined)
  }

  async fail(): Promise<void> {
    await this.#tell(undefined)
  }

  async #tell(bytes: Uint8Array | undefined): Promise<void> {
    this.isOpen = false
    if (this.#isTold) return
    this.#isTold = true
    await this.#options.onEnd(bytes)
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
