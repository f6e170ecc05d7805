import { expected } from '../../base/option-reading.ts'
import type { WarmResult } from '../../core/facade/warm.ts'
import { type Id, userTag } from './query-tags.ts'

/** So many queries run at a time: a login must not take all connections. */
const atATime = 8
const mostErrors = 10

/** Calls each query with the user's id. */
export async function warmUser<UserId extends Id>(
  id: UserId,
  loads: Iterable<(id: UserId) => unknown>,
): Promise<WarmResult> {
  userTag(id, 'id')
  if (typeof loads !== 'object' || loads === null || !(Symbol.iterator in loads)) {
    throw expected('loads', 'an iterable of functions of the id', loads)
  }
  const waiting = [...loads]
  for (const [index, load] of waiting.entries()) {
    if (typeof load !== 'function') throw expected(`loads[${index}]`, 'a function of the id', load)
  }
  const startedAt = performance.now()
  const errors: unknown[] = []
  let warmed = 0
  let failed = 0
  const work = async () => {
    for (let load = waiting.shift(); load !== undefined; load = waiting.shift()) {
      try {
        await load(id)
        warmed += 1
      } catch (error) {
        failed += 1
        if (errors.length < mostErrors) errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atATime, waiting.length) }, work))
  return { warmed, failed, errors, durationMs: performance.now() - startedAt }
}
