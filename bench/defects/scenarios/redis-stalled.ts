import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { opened } from '../opened.ts'
import { type Scenario, verdictOf } from '../scenario.ts'

const deadlineMs = 300
/** What timers and a busy machine add. */
const slackMs = 60
const stallMs = 3000

export const redisStalled: Scenario = {
  name: 'Redis stalled for 3 s, deadline 300 ms',
  question: 'Does every load answer within its deadline while Redis accepts but does not answer?',
  needs: ['loads', 'Redis'],
  limitMs: 30_000,
  play: async (library, ends) => {
    const redis = ends.use(await startRedis())
    const cache = await opened(library, { redis: { kind: 'server', port: redis.port }, deadlineMs })
    await cache.load?.('before', async () => 'value')
    await sleep(200)
    redis.pause()
    const from = performance.now()
    let slowestMs = 0
    let wrong = 0
    for (let index = 0; performance.now() - from < stallMs; index += 1) {
      const startedAt = performance.now()
      const value = await cache.load?.(`key ${index}`, async () => index).catch(() => 'an error')
      slowestMs = Math.max(slowestMs, performance.now() - startedAt)
      if (value !== index) wrong += 1
      await sleep(20)
    }
    redis.resume()
    return verdictOf(
      [
        slowestMs > deadlineMs + slackMs && `the slowest takes ${slowestMs.toFixed(0)} ms`,
        wrong > 0 && `${wrong} loads fail`,
      ],
      `slowest ${slowestMs.toFixed(0)} ms`,
    )
  },
}
