/** One server-sent event. */
export interface StreamEvent {
  /** Undefined where none was named. */
  readonly event: string | undefined
  /** Undefined in a block of comments alone. */
  readonly data: string | undefined
  /** Its lines as they came, each ended by one `\n`, without the empty line behind it. */
  readonly block: string
}

/**
 * Reads server-sent events from pieces that may be cut anywhere, within a character or between CR and LF too
 * (WHATWG HTML, 9.2.6).
 */
export class EventReader {
  readonly #decoder = new TextDecoder()
  #rest = ''
  #endedWithCr = false
  #block = ''
  #event: string | undefined
  #data: string | undefined

  /** How many characters wait for the end of their event. */
  get heldLength(): number {
    return this.#rest.length + this.#block.length
  }

  /** The events that a piece completes. */
  read(piece: Uint8Array): readonly StreamEvent[] {
    return this.#take(this.#decoder.decode(piece, { stream: true }))
  }

  /** What came after the last empty line: some servers end so. */
  end(): readonly StreamEvent[] {
    const events = this.#take(this.#decoder.decode())
    const last = [...events, ...(this.#rest === '' ? [] : this.#takeLine(this.#rest)), ...this.#takeLine('')]
    this.#rest = ''
    return last
  }

  #take(text: string): readonly StreamEvent[] {
    const fresh = this.#endedWithCr && text.startsWith('\n') ? text.slice(1) : text
    if (text !== '') this.#endedWithCr = text.endsWith('\r')
    // What waits holds no end of a line: it is not searched again.
    const [first = '', ...more] = fresh.split(/\r\n|\n|\r/)
    const lines = [this.#rest + first, ...more]
    this.#rest = lines.pop() ?? ''
    return lines.flatMap(line => this.#takeLine(line))
  }

  #takeLine(line: string): readonly StreamEvent[] {
    if (line === '') return this.#dispatch()
    this.#block += `${line}\n`
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    if (field === 'event') this.#event = value
    return []
  }

  #dispatch(): readonly StreamEvent[] {
    if (this.#block === '') return []
    const event = { event: this.#event, data: this.#data, block: this.#block }
    this.#block = ''
    this.#event = undefined
    this.#data = undefined
    return [event]
  }
}

/** The events of a whole stream. */
export function eventsOf(text: string): readonly StreamEvent[] {
  const reader = new EventReader()
  return [...reader.read(Buffer.from(text)), ...reader.end()]
}

/** An event as text. */
export function eventText(data: string, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`
}
