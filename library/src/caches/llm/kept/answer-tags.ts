const hourMs = 3_600_000

/** The tag of all answers that rest on a document. */
export function documentTag(id: string): string {
  return `document:${id}`
}

// What the room's entries bear in the engine, so that each kind of selector is the renewal of a mark.

export function tagMark(tag: string): string {
  return `tag:${tag}`
}

export function modelMark(model: string): string {
  return `model:${model.toWellFormed().slice(0, 200)}`
}

export function namespaceMark(namespace: string): string {
  return `namespace:${namespace}`
}

/** The hour in which the making of an answer began. */
export function hourMark(at: number): string {
  return `made:${Math.floor(at / hourMs)}`
}

/** The hours of everything that was made at or before an instant, and can still be kept. */
export function hoursUntil(at: number, now: number, longestTtlMs: number): readonly string[] {
  const first = Math.floor((now - longestTtlMs) / hourMs) - 1
  const last = Math.floor(Math.min(at, now) / hourMs)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => `made:${first + index}`)
}
