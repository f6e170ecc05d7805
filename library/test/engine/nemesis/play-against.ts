import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cache } from 'reprise'
import { until } from '../promises/scenario.ts'

/** Caches whose shared tier is spoilt while they work. */
export interface Game {
  readonly caches: readonly Cache[]
  /** What goes wrong for a while, by name; each resolves when it is over, perhaps with a word on what it did. */
  readonly faults: Readonly<Record<string, () => Promise<unknown>>>
  readonly playMs: number
  /** Whether Redis never goes back to an older state. */
  readonly isRedisTrue: boolean
  /** The caches' own. */
  readonly partitionGraceMs: number
}

/** A number of ms that a longer hunt may set. */
export const usualPlayMs = Number(process.env['REPRISE_NEMESIS_MS'] ?? 4_000)

const keys = ['a', 'b', 'c', 'd']

interface Value {
  readonly version: number
}

/** What is known to be untrue: whatever is older than these versions. */
class Acknowledged {
  readonly #versions = new Map<string, number>()

  note(key: string, version: number): void {
    this.#versions.set(key, Math.max(version, this.of(key)))
  }

  of(key: string): number {
    return this.#versions.get(key) ?? 0
  }
}

/**
 * Readers and writers in three caches on links of their own, while faults come and go. A cache never serves what it
 * invalidated itself; none reads from Redis what a deletion removed that was answered `done`, unless Redis went back to an
 * older state; and when all is well again, none serves anything that was ever invalidated.
 */
export async function playAgainst({ caches, faults, playMs, isRedisTrue, partitionGraceMs }: Game): Promise<void> {
  await until(() => caches.every(isWell), 'Redis is reached')
  const truth = new Map(keys.map(key => [key, 1]))
  const [removed, all] = [new Acknowledged(), new Acknowledged()]
  const own = new Map(caches.map(cache => [cache, new Acknowledged()]))
  const history: string[] = []
  const count = { reads: 0, hits: 0, invalidations: 0 }
  const end = performance.now() + playMs

  const load = (key: string) => async (): Promise<Value> => {
    const version = truth.get(key) ?? 0
    await sleep(Math.random() * 12)
    return { version }
  }
  const check = (got: Value | undefined, least: number, what: string) => {
    count.reads += 1
    if (got !== undefined) count.hits += 1
    const past = history.slice(-12).join('\n')
    assert.ok(got === undefined || got.version >= least, `${what}: ${got?.version} instead of ${least}\n${past}`)
  }
  const read = async (cache: Cache, key: string) => {
    const [mine, everybodys] = [own.get(cache)?.of(key) ?? 0, removed.of(key)]
    const dice = Math.random()
    const tags = { tags: ['all', `of ${key}`] }
    if (dice < 0.5) return check(await cache.getOrSet(key, load(key), tags), mine, `own ${key}`)
    if (dice < 0.7) return check(await cache.get(key), mine, `own ${key}`)
    const fromRedis = await cache.get<Value>(key, { skipMemory: true })
    check(fromRedis, isRedisTrue ? Math.max(mine, everybodys) : mine, `${key} from Redis`)
  }
  const write = async (cache: Cache, key: string) => {
    const version = (truth.get(key) ?? 0) + 1
    truth.set(key, version)
    const way = Math.random()
    const name = way < 0.6 ? 'delete' : way < 0.8 ? 'tag' : 'pattern'
    const begunAt = performance.now()
    const { redis: outcome } = await (way < 0.6
      ? cache.delete(key)
      : way < 0.8
        ? cache.invalidateTags([`of ${key}`])
        : cache.invalidatePattern(`${key}*`))
    const tookMs = Math.round(performance.now() - begunAt)
    history.push(
      `${Math.round(end - performance.now())}: ${name} ${key} ${version} by ${caches.indexOf(cache)}: ${outcome}, ${tookMs} ms`,
    )
    count.invalidations += 1
    own.get(cache)?.note(key, version)
    all.note(key, version)
    if (outcome === 'done' && name === 'delete') removed.note(key, version)
  }
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item
  const work = async () => {
    while (performance.now() < end) {
      await (Math.random() < 0.85 ? read : write)(pick(caches), pick(keys))
      await sleep(Math.random() * 8)
    }
  }
  const spoil = async () => {
    while (performance.now() < end) {
      const [name, fault] = pick(Object.entries(faults))
      history.push(`${Math.round(end - performance.now())}: ${name}`)
      history.push(`${Math.round(end - performance.now())}: over, ${(await fault()) ?? ''}`)
      await sleep(Math.random() * 300)
    }
  }
  await Promise.all([...Array.from({ length: 8 }, work), spoil()])
  await until(() => caches.every(isWell), 'all is well again')
  await sleep(partitionGraceMs + 200)
  for (const key of keys) {
    for (const cache of caches) {
      check(await cache.get(key), all.of(key), `${key} in the end`)
      check(await cache.get(key, { skipMemory: true }), all.of(key), `${key} in Redis in the end`)
    }
  }
  assert.ok(count.hits > 100 && count.invalidations > 20, JSON.stringify(count))
}

function isWell(cache: Cache): boolean {
  const { redis: tier, bus, queued } = cache.stats()
  return tier === 'up' && bus === 'listening' && queued === 0
}
