import type { PlacedVector, RecallPlace } from '../../ports/chat/recall-store.ts'

/** A message's place, and the cosine between it and the query. */
export interface Scored extends RecallPlace {
  readonly score: number
}

/** Keeps the best of all that it compares with one vector. */
export class Nearest {
  readonly #query: Float32Array
  readonly #norm: number
  readonly #limit: number
  /** The best first; as long as the limit at most. */
  #best: Scored[] = []
  searched = 0
  pending = 0

  constructor(query: Float32Array, limit: number) {
    this.#query = query
    this.#norm = Math.sqrt(product(query, query))
    this.#limit = limit
  }

  compare({ conversationId, sequence, vector }: PlacedVector): void {
    // A model that was exchanged under its name may have left vectors of another length, which mean nothing here.
    if (vector === undefined || vector.length !== this.#query.length) {
      this.pending += 1
      return
    }
    this.searched += 1
    const score = product(this.#query, vector) / (this.#norm * Math.sqrt(product(vector, vector)))
    const worst = this.#best.at(-1)
    if (this.#best.length >= this.#limit && worst !== undefined && score <= worst.score) return
    const place = this.#best.findIndex(other => score > other.score)
    this.#best.splice(place < 0 ? this.#best.length : place, 0, { conversationId, sequence, score })
    if (this.#best.length > this.#limit) this.#best.pop()
  }

  places(): readonly Scored[] {
    return this.#best
  }
}

function product(one: Float32Array, other: Float32Array): number {
  let sum = 0
  for (let index = 0; index < one.length; index += 1) sum += (one[index] ?? 0) * (other[index] ?? 0)
  return sum
}
