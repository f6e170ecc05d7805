import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { type Invalidation, invalidations } from '../invalidations.ts'
import type { CacheUnderTest, Library } from '../library.ts'
import { opened } from '../opened.ts'
import { type Scenario, type Verdict, verdictOf } from '../scenario.ts'

const loadMs = 300

/** While a load runs, its source changes and its key is invalidated by the same process. */
export const invalidationHere: readonly Scenario[] = invalidations.map(invalidation => ({
  name: `${invalidation.title} during a load, same process`,
  question: `After a ${invalidation.title} during a load, is the value from before it served?`,
  needs: ['loads', ...invalidation.needs],
  play: (library, ends) => play(library, ends, invalidation),
}))

async function play(library: Library, ends: AsyncDisposableStack, invalidation: Invalidation): Promise<Verdict> {
  const redis = library.abilities.has('Redis') ? ends.use(await startRedis()) : undefined
  const setting = redis === undefined ? {} : { redis: { kind: 'server', port: redis.port } as const }
  const cache = await opened(library, setting)
  let source = 'old'
  const loader = async () => {
    const value = source
    await sleep(loadMs)
    return value
  }
  const load = async (key: string) => cache.load?.(key, loader, ['tag'])

  // Their callers may get the old value or an error: they asked before.
  const first = Promise.allSettled([load('quiet'), load('asked meanwhile')])
  await sleep(loadMs / 3)
  source = 'new'
  await invalidate(cache, invalidation)
  const meanwhile = load('asked meanwhile').catch(() => 'an error')
  await first
  await sleep(50)
  return verdictOf([
    (await meanwhile) === 'old' && 'a caller after it gets the old value',
    (await load('quiet')) === 'old' && 'the old value is kept',
  ])
}

async function invalidate(cache: CacheUnderTest, { name }: Invalidation): Promise<void> {
  if (name === 'delete') await Promise.all([cache.delete('quiet'), cache.delete('asked meanwhile')])
  else if (name === 'clear') await cache.clear?.()
  else await cache.invalidateTags?.(['tag'])
}
