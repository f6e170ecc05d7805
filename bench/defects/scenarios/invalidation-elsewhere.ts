import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { type Invalidation, invalidations } from '../invalidations.ts'
import type { Library } from '../library.ts'
import { OtherProcess } from '../other-process.ts'
import { type Scenario, type Verdict, verdictOf } from '../scenario.ts'
import type { Order } from '../worker.ts'

const loadMs = 900
/** How long a message to the other process may take. */
const hearingMs = 300

/** While a load runs in one process, another one changes the source and invalidates the key. */
export const invalidationElsewhere: readonly Scenario[] = invalidations.map(invalidation => ({
  name: `${invalidation.title} during a load, other process`,
  question: `After a ${invalidation.title} by another process during a load, is the value from before it served?`,
  needs: ['loads', 'Redis', ...invalidation.needs],
  play: (library, ends) => play(library, ends, invalidation),
}))

async function play(library: Library, ends: AsyncDisposableStack, invalidation: Invalidation): Promise<Verdict> {
  const redis = ends.use(await startRedis())
  const setting = { redis: { kind: 'server', port: redis.port } } as const
  const loading = ends.use(await OtherProcess.open(library, setting))
  const invalidating = ends.use(await OtherProcess.open(library, setting))
  const both = [loading, invalidating]
  const load = (key: string) => ({ do: 'load', key, loadMs, tags: ['tag'] }) as const
  // Connections and subscriptions stand before it begins.
  await Promise.all(both.map(process => process.tell({ do: 'get', key: 'warm up' })))
  await sleep(hearingMs)

  await Promise.all(both.map(process => process.tell({ do: 'source', value: 'old' })))
  const first = Promise.allSettled([loading.tell(load('quiet')), loading.tell(load('asked meanwhile'))])
  await sleep(loadMs / 3)
  await Promise.all(both.map(process => process.tell({ do: 'source', value: 'new' })))
  await invalidating.tell(orderOf(invalidation))
  await sleep(hearingMs)
  const meanwhile = loading.tell(load('asked meanwhile')).catch(() => 'an error')
  await first
  await sleep(hearingMs)
  const there = await loading.tell({ do: 'get', key: 'quiet' })
  const here = await invalidating.tell({ do: 'get', key: 'quiet' })
  return verdictOf([
    (await meanwhile) === 'old' && 'a caller after it gets the old value',
    there === 'old' && 'the loading process serves the old value',
    here === 'old' && 'the invalidating process serves the old value',
  ])
}

function orderOf({ name }: Invalidation): Order {
  if (name === 'delete') return { do: 'delete', keys: ['quiet', 'asked meanwhile'] }
  return name === 'clear' ? { do: 'clear' } : { do: 'invalidateTags', tags: ['tag'] }
}
