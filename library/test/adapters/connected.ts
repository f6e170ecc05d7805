import type { Cache } from 'reprise'
import { vi } from 'vitest'

/** Waits until Redis is connected: what is asked of it before may be answered without it. */
export async function connected(cache: Cache): Promise<void> {
  await vi.waitUntil(async () => (await cache.set('probe', 1)).redis === 'done', { timeout: 10_000, interval: 20 })
}
