import { EventReader, eventText, type StreamEvent } from '../event-reader.ts'
import { isObject, tryParse } from '../json.ts'

/**
 * Takes out of a chat stream what only callers get who set `stream_options.include_usage`: the chunk of token counts, and
 * the `"usage": null` of all others.
 */
export class WithoutUsage {
  readonly #reader = new EventReader()

  /** How many characters wait for the end of their event. */
  get heldLength(): number {
    return this.#reader.heldLength
  }

  pass(piece: Uint8Array): Uint8Array {
    return Buffer.from(this.#reader.read(piece).map(stripped).join(''))
  }

  end(): Uint8Array {
    return Buffer.from(this.#reader.end().map(stripped).join(''))
  }
}

function stripped({ event, data, block }: StreamEvent): string {
  const asItCame = `${block}\n`
  if (!data?.includes('"usage"')) return asItCame
  const chunk = tryParse(data)
  if (!isObject(chunk) || !('usage' in chunk)) return asItCame
  const { usage, ...rest } = chunk
  if (usage === null) return eventText(JSON.stringify(rest), event)
  // Some providers count in the last chunk of a choice, asked or not.
  return Array.isArray(chunk['choices']) && chunk['choices'].length === 0 ? '' : asItCame
}
