import { isDeepStrictEqual } from 'node:util'
import type { CacheUnderTest } from '../library.ts'
import { type Scenario, verdictOf } from '../scenario.ts'

interface Kind {
  readonly name: string
  readonly make: () => unknown
  /** Changes what a caller holds; a frozen value may throw. */
  readonly change: (held: never) => void
}

const kinds: readonly Kind[] = [
  {
    name: 'object',
    make: () => ({ name: 'Ada', deep: { list: [1, 2] } }),
    change: (held: { name: string; deep: { list: number[] } }) => {
      held.deep.list.push(3)
      held.name = 'changed'
    },
  },
  { name: 'Map', make: () => new Map([['a', 1]]), change: (held: Map<string, number>) => held.set('b', 2) },
  { name: 'Date', make: () => new Date(1_000), change: (held: Date) => held.setTime(2_000) },
  { name: 'typed array', make: () => new Float32Array([1, 2]), change: (held: Float32Array) => held.fill(9) },
]

export const mutatingCaller: Scenario = {
  name: 'a caller changes what it got',
  question: 'Does a caller that changes an object, Map, Date or typed array change it for others?',
  needs: [],
  play: async library => {
    const cache = await library.open({})
    const faults: string[] = []
    for (const kind of kinds) {
      const fault = await faultOf(cache, kind)
      if (fault !== undefined) faults.push(fault)
    }
    return verdictOf(faults)
  },
}

async function faultOf(cache: CacheUnderTest, { name, make, change }: Kind): Promise<string | undefined> {
  const given = make()
  try {
    await cache.set(name, given)
  } catch {
    return `${name} is refused`
  }
  if (!isDeepStrictEqual(await cache.get(name), make())) return `${name} does not come back as it was`
  tryTo(change, given)
  if (!isDeepStrictEqual(await cache.get(name), make())) return `${name} changes with what was handed in`
  tryTo(change, await cache.get(name))
  if (!isDeepStrictEqual(await cache.get(name), make())) return `${name} changes with what was handed out`
  return undefined
}

function tryTo(change: Kind['change'], held: unknown): void {
  try {
    // Each kind's change takes what its own `make` returns.
    change(held as never)
  } catch {
    // Frozen: as good as unchanged.
  }
}
