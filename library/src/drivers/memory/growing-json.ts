const [bracketClosed, comma] = [Buffer.from(']'), Buffer.from(',')]
/** So many appended messages are kept apart before they are joined to the array, when nobody reads meanwhile. */
const maxTail = 64

/**
 * A JSON array that grows at its end. What was read is never written to again: it may still be on its way to a socket
 * when the next message comes.
 */
export class GrowingJson {
  #joined: Buffer
  #tail: string[] = []
  #bytes: number

  constructor(json: Uint8Array) {
    // A copy of its own: a slice of a pooled buffer would keep the whole pool alive.
    this.#joined = Buffer.allocUnsafeSlow(json.byteLength)
    this.#joined.set(json)
    this.#bytes = json.byteLength
  }

  /** How long the array is, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** How long it would be with these messages too. */
  bytesWith(messages: readonly string[]): number {
    const commas = this.#bytes > 2 ? messages.length : messages.length - 1
    return messages.reduce((sum, message) => sum + Buffer.byteLength(message), this.#bytes + commas)
  }

  append(messages: readonly string[]): void {
    this.#bytes = this.bytesWith(messages)
    this.#tail.push(...messages)
    if (this.#tail.length >= maxTail) this.#join()
  }

  read(): Uint8Array {
    if (this.#tail.length > 0) this.#join()
    return this.#joined
  }

  #join(): void {
    const grown = Buffer.allocUnsafeSlow(this.#bytes)
    let at = this.#joined.copy(grown, 0, 0, this.#joined.byteLength - bracketClosed.byteLength)
    for (const message of this.#tail) {
      if (at > 1) at += comma.copy(grown, at)
      at += grown.write(message, at)
    }
    bracketClosed.copy(grown, at)
    this.#joined = grown
    this.#tail = []
  }
}
