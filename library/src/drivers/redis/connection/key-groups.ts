/** A connection takes so many commands at once; larger batches go in waves. */
const maxCallsAtOnce = 2_000

/**
 * Carries out `work` on the items of each group together, at most `maxItems` a call, and gives the results in the order
 * of the items. Which items may go together is for `groupOf` to say: in a Redis Cluster those of one slot.
 */
export async function inGroups<Item, Result>(
  items: readonly Item[],
  groupOf: (item: Item) => number,
  maxItems: number,
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
): Promise<readonly Result[]> {
  if (items.length === 0) return []
  const groups = Map.groupBy(items.keys(), index => groupOf(at(items, index)))
  const results: Result[] = new Array(items.length)
  const calls = [...groups.values()].flatMap(indexes => chunks(indexes, maxItems))
  for (const wave of chunks(calls, maxCallsAtOnce)) {
    await Promise.all(
      wave.map(async indexes => {
        const answers = await work(indexes.map(index => at(items, index)))
        indexes.forEach((index, place) => {
          results[index] = at(answers, place)
        })
      }),
    )
  }
  return results
}

function chunks<Item>(items: readonly Item[], size: number): (readonly Item[])[] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, chunk) => items.slice(chunk * size, (chunk + 1) * size))
}

/** The indexes come from the list itself, and `work` answers every item. */
function at<Item>(items: readonly Item[], index: number): Item {
  return items[index] as Item
}
