import type { Unavailable } from '../../../ports/store.ts'
import { inGroups } from '../connection/key-groups.ts'
import type { Redis } from '../connection/redis.ts'
import { isRefusedAs } from '../connection/redis-script.ts'

/** What cannot be asked of Redis now. While other masters of a cluster answer, only a part of it is away. */
export function unavailableOf(redis: Pick<Redis, 'kind' | 'isAvailable'>, error: unknown): Unavailable {
  const reason = error instanceof Error ? error : new Error(String(error))
  const isPartial = redis.kind === 'cluster' && redis.isAvailable && !isDown(error)
  return isPartial ? { kind: 'unavailable', reason, isPartial } : { kind: 'unavailable', reason }
}

/** All nodes refuse, because one is missing; a slot that nobody has is another matter. */
function isDown(error: unknown): boolean {
  return isRefusedAs('CLUSTERDOWN The cluster is down', error)
}

/**
 * Carries out `work` on the items of each group, and answers in the order of the items. A group that fails harms nobody
 * else: each of its items is unavailable. While a slot is on its way to another server, its keys may be on both: then
 * each goes alone.
 */
export async function inSlots<Item, Result>(
  redis: Redis,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  maxItems: number,
  work: (items: readonly Item[]) => Promise<readonly (Result | Unavailable)[]>,
): Promise<readonly (Result | Unavailable)[]> {
  const alone = async (item: Item): Promise<Result | Unavailable> => {
    // `work` answers each item.
    const [result] = (await work([item]).catch(error => [unavailableOf(redis, error)])) as [Result | Unavailable]
    return result
  }
  const carefully = async (group: readonly Item[]): Promise<readonly (Result | Unavailable)[]> => {
    try {
      return await work(group)
    } catch (error) {
      if (group.length > 1 && isRefusedAs('TRYAGAIN', error)) return Promise.all(group.map(alone))
      return group.map(() => unavailableOf(redis, error))
    }
  }
  if (items.length === 0) return []
  // On the way of every read: one server has one group.
  if (redis.kind === 'single' && items.length <= maxItems) return carefully(items)
  return inGroups(items, item => redis.groupOf(keyOf(item)), maxItems, carefully)
}
