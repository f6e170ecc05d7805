/**
 * A map of what comes and goes, such as the calls under way. V8 keeps the tables that a `Map` has outgrown in a chain, and
 * with them all that lay in them, until the next full collection of garbage: most of what ever was under way. Here they
 * hold empty cells.
 */
export class TransientMap<Key, Value extends object> {
  readonly #cells = new Map<Key, { value: Value | undefined }>()

  get size(): number {
    return this.#cells.size
  }

  get(key: Key): Value | undefined {
    return this.#cells.get(key)?.value
  }

  set(key: Key, value: Value): void {
    const cell = this.#cells.get(key)
    if (cell === undefined) this.#cells.set(key, { value })
    else cell.value = value
  }

  delete(key: Key): void {
    const cell = this.#cells.get(key)
    if (cell === undefined) return
    cell.value = undefined
    this.#cells.delete(key)
  }

  *values(): Generator<Value> {
    // A cell of the map has its value.
    for (const { value } of this.#cells.values()) if (value !== undefined) yield value
  }
}
