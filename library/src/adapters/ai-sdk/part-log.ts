import type { StreamPart } from './model-types.ts'

/** So many parts are shared and kept; a longer stream goes on to those who read it, and to nobody else. */
const mostParts = 100_000

/** The parts of a stream under way, for any number of readers: each begins with the first one. */
export class PartLog {
  readonly #parts: StreamPart[] = []
  readonly #waiting = new Set<() => void>()
  #end: { readonly error?: unknown } | undefined

  get parts(): readonly StreamPart[] {
    return this.#parts
  }

  get isWhole(): boolean {
    return this.#parts.length <= mostParts
  }

  push(part: StreamPart): void {
    this.#parts.push(part)
    this.#wake()
  }

  finish(error?: unknown): void {
    if (this.#end !== undefined) return
    this.#end = error === undefined ? {} : { error }
    this.#wake()
  }

  /** A stream of its own; `onLeft` is called once, when it was read to its end or cancelled. */
  read(onLeft: () => void): ReadableStream<StreamPart> {
    let at = 0
    return new ReadableStream<StreamPart>({
      pull: async controller => {
        while (at >= this.#parts.length && this.#end === undefined) {
          await new Promise<void>(resolve => this.#waiting.add(resolve))
        }
        const part = this.#parts[at]
        if (part !== undefined) {
          at += 1
          controller.enqueue(part)
          return
        }
        onLeft()
        if (this.#end !== undefined && 'error' in this.#end) controller.error(this.#end.error)
        else controller.close()
      },
      cancel: onLeft,
    })
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
