import type { Unavailable } from '../../../ports/store.ts'
import { inGroups } from '../connection/key-groups.ts'
import type { Redis } from '../connection/redis.ts'
import { isRefusedAs } from '../connection/redis-script.ts'

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
  const unavailable = (reason: unknown): Unavailable => ({
    kind: 'unavailable',
    reason: reason instanceof Error ? reason : new Error(String(reason)),
  })
  const alone = async (item: Item): Promise<Result | Unavailable> => {
    // `work` answers each item.
    const [result] = (await work([item]).catch(error => [unavailable(error)])) as [Result | Unavailable]
    return result
  }
  const carefully = async (group: readonly Item[]): Promise<readonly (Result | Unavailable)[]> => {
    try {
      return await work(group)
    } catch (error) {
      if (group.length > 1 && isRefusedAs('TRYAGAIN', error)) return Promise.all(group.map(alone))
      return group.map(() => unavailable(error))
    }
  }
  if (items.length === 0) return []
  // On the way of every read: one server has one group.
  if (redis.kind === 'single' && items.length <= maxItems) return carefully(items)
  return inGroups(items, item => redis.groupOf(keyOf(item)), maxItems, carefully)
}
