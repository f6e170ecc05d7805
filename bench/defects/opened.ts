import { setTimeout as sleep } from 'node:timers/promises'
import type { CacheUnderTest, Library, Setting } from './library.ts'

/** How long connections and subscriptions may take to stand, on a busy machine too. */
const startMs = 600

/** A cache that has had the time to connect: what happens at the start is no part of the scenarios. */
export async function opened(library: Library, setting: Setting): Promise<CacheUnderTest> {
  const cache = await library.open(setting)
  if (setting.redis === undefined) return cache
  await cache.get('warm up')
  await sleep(startMs)
  await cache.get('warm up')
  return cache
}
