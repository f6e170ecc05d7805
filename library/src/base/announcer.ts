type Listener<Payload> = (payload: Payload) => void

/**
 * Typed events: whoever does the work announces its outcome once; metrics, logs and traces subscribe. A listener that
 * throws harms neither the work nor the other listeners.
 */
export class Announcer<Events extends object> {
  readonly #listeners = new Map<keyof Events, Listener<never>[]>()

  /** Calls `listener` for every later event of that name, until the returned function is called. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const kept = this.#listeners.get(name) ?? []
    this.#listeners.set(name, [...kept, listener])
    return () => {
      const current = this.#listeners.get(name) ?? []
      this.#listeners.set(
        name,
        current.filter(other => other !== listener),
      )
    }
  }

  /** Whether anybody listens: what costs much to tell need not be told to nobody. */
  hears(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.length ?? 0) > 0
  }

  announce<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        // `on` is the only way in, and it pairs each name with listeners of that name's payload.
        ;(listener as Listener<Events[Name]>)(payload)
      } catch {
        // An observer's failure is its own; the announced work has already happened.
      }
    }
  }
}
