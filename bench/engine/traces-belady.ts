import type { Trace } from './traces-files.ts'

/** What nobody can beat who must keep what was asked for: the hit ratio of evicting what is needed last (Belady 1966). */
export function beladyHitRatio({ requests }: Trace, entries: number): number {
  const next = nextRequests(requests)
  const residents = new Map<string, number>()
  const byNext = new FarthestFirst()
  let hits = 0
  for (const [at, { key }] of requests.entries()) {
    if (residents.has(key)) hits += 1
    else if (residents.size >= entries) evictFarthest(residents, byNext)
    const again = next[at] ?? Number.POSITIVE_INFINITY
    residents.set(key, again)
    byNext.push({ key, at: again })
  }
  return hits / requests.length
}

function nextRequests(requests: Trace['requests']): Float64Array {
  const next = new Float64Array(requests.length).fill(Number.POSITIVE_INFINITY)
  const seen = new Map<string, number>()
  for (let at = requests.length - 1; at >= 0; at -= 1) {
    const key = requests[at]?.key ?? ''
    next[at] = seen.get(key) ?? Number.POSITIVE_INFINITY
    seen.set(key, at)
  }
  return next
}

function evictFarthest(residents: Map<string, number>, byNext: FarthestFirst): void {
  for (;;) {
    const farthest = byNext.pop()
    if (farthest === undefined) return
    // A key that was asked for since then stands in the heap with its later request, too.
    if (residents.get(farthest.key) !== farthest.at) continue
    residents.delete(farthest.key)
    return
  }
}

interface Need {
  readonly key: string
  readonly at: number
}

/** A binary heap. */
class FarthestFirst {
  readonly #needs: Need[] = []

  push(need: Need): void {
    let place = this.#needs.push(need) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#at(parent) >= need.at) break
      this.#swap(place, parent)
      place = parent
    }
  }

  pop(): Need | undefined {
    const [first] = this.#needs
    const last = this.#needs.pop()
    if (first === undefined || last === undefined || this.#needs.length === 0) return first
    this.#needs[0] = last
    let place = 0
    for (;;) {
      const left = place * 2 + 1
      const larger = this.#at(left + 1) > this.#at(left) ? left + 1 : left
      if (this.#at(larger) <= last.at) return first
      this.#swap(place, larger)
      place = larger
    }
  }

  #at(place: number): number {
    return this.#needs[place]?.at ?? Number.NEGATIVE_INFINITY
  }

  #swap(one: number, other: number): void {
    const [needOfOne, needOfOther] = [this.#needs[one], this.#needs[other]]
    if (needOfOne === undefined || needOfOther === undefined) return
    this.#needs[one] = needOfOther
    this.#needs[other] = needOfOne
  }
}
