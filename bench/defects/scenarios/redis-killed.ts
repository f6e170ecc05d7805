import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../../testbed/servers/redis.ts'
import type { CacheUnderTest } from '../library.ts'
import { opened } from '../opened.ts'
import { type Scenario, verdictOf } from '../scenario.ts'

const deadlineMs = 300
const slackMs = 60
const returnLimitMs = 10_000

export const redisKilled: Scenario = {
  name: 'Redis killed and started again',
  question: 'Do loads go on within 300 ms without Redis, and is it taken up again by itself within 10 s?',
  needs: ['loads', 'Redis'],
  limitMs: 30_000,
  play: async (library, ends) => {
    const redis = ends.use(await startRedis())
    const setting = { redis: { kind: 'server', port: redis.port }, deadlineMs } as const
    const cache = await opened(library, setting)
    await cache.load?.('before', async () => 'value')
    await sleep(200)
    await redis.kill()
    let slowestMs = 0
    let wrong = 0
    for (let index = 0; index < 50; index += 1) {
      const startedAt = performance.now()
      const value = await cache.load?.(`key ${index}`, async () => index).catch(() => 'an error')
      slowestMs = Math.max(slowestMs, performance.now() - startedAt)
      if (value !== index) wrong += 1
      await sleep(20)
    }
    await redis.restart({ empty: true })
    const other = await opened(library, setting)
    const isBack = await isTakenUp(cache, other)
    return verdictOf(
      [
        slowestMs > deadlineMs + slackMs && `the slowest takes ${slowestMs.toFixed(0)} ms`,
        wrong > 0 && `${wrong} of 50 loads fail`,
        !isBack && 'Redis is not taken up again',
      ],
      `slowest ${slowestMs.toFixed(0)} ms`,
    )
  },
}

/** Whether what one keeps from now on is seen by another that has nothing in memory. */
async function isTakenUp(cache: CacheUnderTest, other: CacheUnderTest): Promise<boolean> {
  const until = Date.now() + returnLimitMs
  for (let index = 0; Date.now() < until; index += 1) {
    const key = `back ${index}`
    await Promise.resolve(cache.set(key, 'value')).catch(() => {})
    await sleep(100)
    if ((await other.get(key).catch(() => undefined)) === 'value') return true
  }
  return false
}
