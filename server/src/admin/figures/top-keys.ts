export interface KeyWeight {
  readonly key: string
  readonly weight: number
}

/**
 * The keys of most weight in bounded memory, after Space-Saving (Metwally, Agrawal, El Abbadi, 2005), in rounds: when twice
 * as many keys are weighed as there are places, the lighter half goes, and whoever comes later begins with the weight of
 * the heaviest that went. What is heavy is never missed; what is light may be weighed too heavy by that much.
 */
export class TopKeys {
  readonly #places: number
  readonly #weights = new Map<string, number>()
  #heaviestGone = 0

  constructor(places = 512) {
    this.#places = places
  }

  add(key: string, weight = 1): void {
    const known = this.#weights.get(key)
    this.#weights.set(key, (known ?? this.#heaviestGone) + weight)
    if (known === undefined && this.#weights.size > 2 * this.#places) this.#dropLighterHalf()
  }

  /** The heaviest, heaviest first. */
  top(count: number): readonly KeyWeight[] {
    return heaviestFirst(this.#weights).slice(0, count)
  }

  #dropLighterHalf(): void {
    const light = heaviestFirst(this.#weights).slice(this.#places)
    this.#heaviestGone = light[0]?.weight ?? this.#heaviestGone
    for (const { key } of light) this.#weights.delete(key)
  }
}

/** The heaviest of several lists. */
export function mergeTop(lists: readonly (readonly KeyWeight[])[], count: number): readonly KeyWeight[] {
  const weights = new Map<string, number>()
  for (const { key, weight } of lists.flat()) weights.set(key, (weights.get(key) ?? 0) + weight)
  return heaviestFirst(weights).slice(0, count)
}

function heaviestFirst(weights: ReadonlyMap<string, number>): KeyWeight[] {
  return [...weights].map(([key, weight]) => ({ key, weight })).sort((one, other) => other.weight - one.weight)
}
